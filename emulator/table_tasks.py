"""AutoML training on tables (schema/trainingjob/definition/automl_tabular_1.0.0.yaml)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.cloud.aiplatform import schema
from google.cloud.aiplatform.v1.schema.trainingjob.definition_v1.types import AutoMlTablesInputs
from google.cloud.aiplatform_v1 import types

from . import metrics
from .checks import Checks
from .datasets import Datasets
from .errors import ApiError, invalid
from .learning import Columns, Row, is_number, nearest
from .splits import split
from .tasks import Task, Trained, Trial, spent

BUDGET = (1_000, 72_000)
# https://cloud.google.com/vertex-ai/docs/tabular-data/classification-regression/prepare-data
LEAST_ROWS = 1_000
_NEIGHBOURS = (1, 5, 15)
# Rows that are learned from and tried on, so that an answer never takes longer than the SDK waits for it (5 s).
_MOST_KNOWN = 2_000
_MOST_TRIED = 500
# Rows that attributions are estimated on.
_EXPLAINED = 200
_OBJECTIVES = {
    "classification": (
        *("", "maximize-au-roc", "minimize-log-loss", "maximize-au-prc"),
        *("maximize-precision-at-recall", "maximize-recall-at-precision"),
    ),
    "regression": ("", "minimize-rmse", "minimize-mae", "minimize-rmsle"),
}
_OBJECTIVES_AT = {
    "optimization_objective_recall_value": "maximize-precision-at-recall",
    "optimization_objective_precision_value": "maximize-recall-at-precision",
}


class TableTask(Task):
    """Classification and regression."""

    inputs_type = AutoMlTablesInputs
    dataset_schema = schema.dataset.metadata.tabular
    splits = ("fraction_split", "predefined_split", "timestamp_split")

    def check(self, checks: Checks, inputs: AutoMlTablesInputs) -> None:
        checks.required("target_column", inputs.target_column)
        checks.one_of("prediction_type", inputs.prediction_type, tuple(_OBJECTIVES))
        objectives = _OBJECTIVES.get(inputs.prediction_type, (inputs.optimization_objective,))
        checks.one_of("optimization_objective", inputs.optimization_objective, objectives)
        checks.between("train_budget_milli_node_hours", inputs.train_budget_milli_node_hours, *BUDGET)
        check_transformations(checks, inputs)
        is_target = inputs.target_column in map(column_of, inputs.transformations)
        checks.that(not is_target, "transformations", "There can be none of the target column.")
        for name, objective in _OBJECTIVES_AT.items():
            is_wanted = inputs.optimization_objective == objective
            checks.that((name in inputs) == is_wanted, name, f"Must be set for {objective}, and for nothing else.")
            checks.between(name, getattr(inputs, name), 0, 1)

    def train(
        self, inputs: AutoMlTablesInputs, datasets: Datasets, dataset: str, config: types.InputDataConfig
    ) -> Trained:
        rows, target = datasets.rows(dataset), inputs.target_column
        names = [column_of(each) for each in inputs.transformations]
        check_rows(rows, [*names, target])
        rows = [row for row in rows if row[target]]
        parts = split(rows, config, dict, "", "")
        check_parts(parts)
        learner = _Learner(parts.training, names, target, inputs.prediction_type == "classification")
        trials = sorted((learner.trial(count, parts.validation) for count in _NEIGHBOURS), key=lambda at: -at.objective)
        learner.neighbours = trials[0].hyperparameters["neighbours"]
        cost = spent(inputs.train_budget_milli_node_hours, BUDGET[0], inputs.disable_early_stopping)
        return Trained(
            predict=learner.predict,
            metrics=learner.metrics(parts.test),
            metrics_schema=metrics.SCHEMA.format(inputs.prediction_type),
            metadata={"trainCostMilliNodeHours": str(cost)},
            labels=learner.labels,
            attributions=learner.attributions(parts.test[:_EXPLAINED]),
            trials=tuple(trials),
            log_type="automl_tables",
        )


class _Learner:
    """Predicts the labels' shares, or the mean, among the nearest rows of training."""

    def __init__(self, rows: Sequence[Row], names: Sequence[str], target: str, classifies: bool) -> None:
        rows = rows[:: -(-len(rows) // _MOST_KNOWN)]
        self._columns = Columns(rows, names)
        self._known = self._columns.vectors(rows)
        self._target = target
        self.labels = tuple(sorted({row[target] for row in rows})) if classifies else ()
        self._answers = self._truth(rows)
        self.neighbours = _NEIGHBOURS[0]

    def _truth(self, rows: Sequence[Row]) -> np.ndarray:
        """Bool [rows, labels], or float [rows]."""
        values = [row[self._target] for row in rows]
        if self.labels:
            return np.array(values, object)[:, None] == np.array(self.labels, object)
        if wrong := [value for value in values if not is_number(value)]:
            raise invalid(f"Target column {self._target!r} must be numeric for regression; got {wrong[0]!r}.")
        return np.array(values, float)

    def _near(self, vectors: np.ndarray) -> np.ndarray:
        """The answers of the nearest rows, [rows, neighbours] or [rows, neighbours, labels]."""
        return self._answers[nearest(self._known, vectors, self.neighbours)[0]].astype(float)

    def _scores(self, vectors: np.ndarray) -> np.ndarray:
        """Shares of the labels, [rows, labels], with one more neighbour that is like all of the training; or [rows]."""
        near = self._near(vectors)
        if not self.labels:
            return near.mean(axis=1)
        return (near.sum(axis=1) + self._answers.mean(axis=0)) / (near.shape[1] + 1)

    def trial(self, neighbours: int, rows: Sequence[Row]) -> Trial:
        """Tries a number of neighbours; more is better."""
        self.neighbours = neighbours
        found = self.metrics(rows[:_MOST_TRIED])
        objective = -found["logLoss"] if self.labels else -found["rootMeanSquaredError"]
        return Trial({"model_type": "nearest_rows", "neighbours": neighbours}, objective)

    def metrics(self, rows: Sequence[Row]) -> dict[str, Any]:
        truth, scores = self._truth(rows), self._scores(self._columns.vectors(rows))
        if self.labels:
            return metrics.classification(self.labels, truth, scores, exclusive=True)
        return metrics.regression(truth, scores)

    def attributions(self, rows: Sequence[Row]) -> dict[str, float]:
        """How far predictions move on the average when a column's values are passed on to the next row."""
        before, moved = self._scores(self._columns.vectors(rows)), {}
        for name in self._columns.names:
            others = [*rows[1:], rows[0]]
            changed = [{**row, name: other[name]} for row, other in zip(rows, others, strict=True)]
            moved[name] = float(np.abs(self._scores(self._columns.vectors(changed)) - before).mean())
        return moved

    def predict(self, instances: Sequence[Any], _: dict[str, Any]) -> list[dict[str, Any] | ApiError]:
        return [self._predicted(instance) for instance in instances]

    def _predicted(self, instance: Any) -> dict[str, Any] | ApiError:
        try:
            vector = self._columns.vectors([_as_row(instance)])
        except ApiError as error:
            return error
        if self.labels:
            return {"classes": list(self.labels), "scores": self._scores(vector)[0].tolist()}
        near = self._near(vector)[0]
        return {"value": float(near.mean()), "lower_bound": float(near.min()), "upper_bound": float(near.max())}


def column_of(transformation: Any) -> str:
    """The column that a transformation is of."""
    kind = type(transformation).pb(transformation).WhichOneof("transformation_detail")
    return getattr(transformation, kind).column_name if kind else ""


def check_transformations(checks: Checks, inputs: Any) -> None:
    """Each names a column, and none twice."""
    checks.required("transformations", inputs.transformations)
    names = [column_of(each) for each in inputs.transformations]
    checks.that(all(names), "transformations", "Each must have one transformation with a column_name.")
    checks.that(len(set(names)) == len(names), "transformations", "A column can have one transformation only.")


def check_rows(rows: Sequence[Row], names: Sequence[str]) -> None:
    """A table must have the columns, and enough rows.

    Raises:
        ApiError: it has not.
    """
    if missing := [name for name in names if rows and name not in rows[0]]:
        raise invalid(f"Column {missing[0]!r} is not found in the dataset.")
    if len(rows) < LEAST_ROWS:
        raise invalid(f"Too few rows: {len(rows)}, minimum number is: {LEAST_ROWS}.")


def check_parts(parts: Any) -> None:
    """No part of a split may be empty.

    Raises:
        ApiError: one is.
    """
    for name in ("training", "validation", "test"):
        if not getattr(parts, name):
            raise invalid(f"The {name} set is empty.")


def _as_row(instance: Any) -> Row:
    """An instance with all its values as texts, as they are in CSV."""
    if not isinstance(instance, dict):
        raise invalid(f"An instance must be an object of columns; got {instance!r:.80}.")
    return {name: "" if value is None else str(value) for name, value in instance.items()}
