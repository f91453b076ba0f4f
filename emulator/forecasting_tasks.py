"""AutoML training on time series (schema/trainingjob/definition/automl_time_series_forecasting_1.0.0.yaml)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import types

from . import metrics
from .checks import Checks
from .datasets import Datasets
from .errors import ApiError, invalid
from .learning import Row, is_number
from .splits import split
from .table_tasks import BUDGET, check_parts, check_rows, check_transformations, column_of
from .task_inputs import ForecastingInputs
from .tasks import Task, Trained, Trial, spent

_UNITS = ("minute", "hour", "day", "week", "month", "year")
_OBJECTIVES = (
    *("", "minimize-rmse", "minimize-mae", "minimize-rmsle", "minimize-rmspe", "minimize-wape-mae"),
    *("minimize-quantile-loss", "minimize-mape"),
)


class ForecastingTask(Task):
    """Forecasts that each series goes on as it was last."""

    inputs_type = ForecastingInputs
    dataset_schema = schema.dataset.metadata.time_series
    splits = ("fraction_split", "predefined_split", "timestamp_split")

    def check(self, checks: Checks, inputs: ForecastingInputs) -> None:
        for name in ("target_column", "time_column", "time_series_identifier_column"):
            checks.required(name, getattr(inputs, name))
        checks.one_of("optimization_objective", inputs.optimization_objective, _OBJECTIVES)
        checks.between("train_budget_milli_node_hours", inputs.train_budget_milli_node_hours, *BUDGET)
        check_transformations(checks, inputs)
        _check_time(checks, inputs)
        _check_columns(checks, inputs)
        wants_quantiles = inputs.optimization_objective == "minimize-quantile-loss"
        has_quantiles = bool(inputs.quantiles)
        checks.that(has_quantiles or not wants_quantiles, "quantiles", "Required for minimize-quantile-loss.")
        checks.that(not has_quantiles or wants_quantiles, "quantiles", "Only used with minimize-quantile-loss.")

    def train(
        self, inputs: ForecastingInputs, datasets: Datasets, dataset: str, config: types.InputDataConfig
    ) -> Trained:
        rows = datasets.rows(dataset)
        wanted = [inputs.target_column, inputs.time_column, inputs.time_series_identifier_column]
        check_rows(rows, [*wanted, *(column_of(each) for each in inputs.transformations)])
        parts = split(rows, config, dict, "", inputs.time_column)
        check_parts(parts)
        learner = _Learner(inputs, [*parts.training, *parts.validation])
        truth = np.array([learner.number(row) for row in parts.test])
        guesses = np.array([learner.last(row[inputs.time_series_identifier_column]) for row in parts.test])
        found = metrics.forecasting(truth, guesses)
        columns = [column_of(each) for each in inputs.transformations]
        cost = spent(inputs.train_budget_milli_node_hours, BUDGET[0], whole=False)
        return Trained(
            predict=learner.predict,
            metrics=found,
            metrics_schema=metrics.SCHEMA.format("forecasting"),
            metadata={"trainCostMilliNodeHours": str(cost)},
            # All that it looks at is the target's past.
            attributions={
                inputs.target_column: float(np.abs(guesses - truth.mean()).mean()),
                **dict.fromkeys(columns, 0.0),
            },
            trials=(Trial({"model_type": "last_value"}, -found["rootMeanSquaredError"]),),
            export_formats=(),
            log_type="automl_forecasting",
        )


class _Learner:
    """The last known value of each series; that of all series for one that is new."""

    def __init__(self, inputs: ForecastingInputs, rows: Sequence[Row]) -> None:
        self._inputs = inputs
        self._last = self._last_values(rows)
        self._mean = float(np.mean(list(self._last.values())))

    def _last_values(self, rows: Iterable[Row]) -> dict[str, float]:
        """The last value of each series in rows; those without a value do not count."""
        known = [row for row in rows if row.get(self._inputs.target_column)]
        ordered = sorted(known, key=lambda row: row[self._inputs.time_column])
        return {row[self._inputs.time_series_identifier_column]: self.number(row) for row in ordered}

    def number(self, row: Row) -> float:
        """The target's value.

        Raises:
            ApiError: it is no number.
        """
        value = row[self._inputs.target_column]
        if not is_number(value):
            raise invalid(f"Target column {self._inputs.target_column!r} must be numeric; got {value!r}.")
        return float(value)

    def last(self, series: str, context: dict[str, float] | None = None) -> float:
        """The last value that is known of a series."""
        return (context or {}).get(series, self._last.get(series, self._mean))

    def predict(self, instances: Sequence[Any], _: dict[str, Any]) -> list[dict[str, Any] | ApiError]:
        """Forecasts of the rows that have no target; the others are the context that they go on from.

        Rows of context get {} and are left out of the results, as the service leaves them out.
        """
        rows = [{name: "" if value is None else str(value) for name, value in row.items()} for row in instances]
        complete = [row for row in rows if not self._missing(row)]
        context = self._last_values(complete)
        return [self._predicted(row, context) for row in rows]

    def _missing(self, row: Row) -> list[str]:
        wanted = (self._inputs.time_column, self._inputs.time_series_identifier_column)
        return [name for name in wanted if not row.get(name)]

    def _predicted(self, row: Row, context: dict[str, float]) -> dict[str, Any] | ApiError:
        if missing := self._missing(row):
            return invalid(f"Column {missing[0]!r} is missing.")
        if row.get(self._inputs.target_column):
            return {}
        return {"value": self.last(row[self._inputs.time_series_identifier_column], context)}


def _check_time(checks: Checks, inputs: ForecastingInputs) -> None:
    granularity = inputs.data_granularity
    checks.one_of("data_granularity.unit", granularity.unit, _UNITS)
    quantities = (1, 5, 10, 15, 30) if granularity.unit == "minute" else (1,)
    message = f"Must be one of {quantities} for unit {granularity.unit!r}; got {granularity.quantity}."
    checks.that(granularity.quantity in quantities, "data_granularity.quantity", message)
    checks.between("forecast_horizon", inputs.forecast_horizon, 1, 1_000)
    checks.between("context_window", inputs.context_window, 0, 1_000)
    is_daily = granularity.unit == "day"
    checks.that(is_daily or not inputs.holiday_regions, "holiday_regions", "Only allowed for the unit day.")


def _check_columns(checks: Checks, inputs: ForecastingInputs) -> None:
    unavailable = list(inputs.unavailable_at_forecast_columns)
    available = list(inputs.available_at_forecast_columns)
    field = "unavailable_at_forecast_columns"
    checks.that(inputs.target_column in unavailable, field, "Must contain the target column.")
    field = "available_at_forecast_columns"
    checks.that(inputs.time_column in available, field, "Must contain the time column.")
    places = defaultdict(list)
    for place in ("time_series_attribute_columns", "unavailable_at_forecast_columns", field):
        for name in getattr(inputs, place):
            places[name].append(place)
    for name, found in places.items():
        checks.that(len(found) == 1, found[-1], f"Column {name!r} is listed more than once.")
