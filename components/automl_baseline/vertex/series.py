"""Tables of time series for the service.

https://cloud.google.com/vertex-ai/docs/tabular-data/forecasting/prepare-data
"""

from typing import Any

import pyarrow as pa

from ...data.dataset import Dataset
from ...data.items import SPLITS
from ...data.periods import Period
from ...errors import InputError
from .material import Material
from .tables import TRANSFORMATIONS, row_ids, rows_for_service, service_names, upload_csv, with_split

# The service wants a column that names the series, also where there is one.
_SERIES_COLUMN = "graduate_series"
_MOST_PERIODS = 1000
_MINUTES = (1, 5, 10, 15, 30)


def check_series(dataset: Dataset) -> None:
    """Checks that the service forecasts such series.

    Raises:
        InputError: it takes no such period, or no such horizon.
    """
    unit, count = _granularity(dataset)
    if unit == "second" or (count not in _MINUTES if unit == "minute" else count != 1):
        raise InputError(
            f"{dataset.path} has a row every {dataset.period}: Vertex AI forecasts every 1, 5, 10, 15 or 30 minutes, "
            "every hour, day, week, month or year. Bring the rows to one of these, or use engine=local."
        )
    if dataset.horizon > _MOST_PERIODS:
        raise InputError(
            f"horizon is {dataset.horizon:,}: Vertex AI forecasts at most {_MOST_PERIODS:,} periods ahead."
        )


def upload_series(dataset: Dataset, folder: str) -> Material:
    """Uploads the rows with their splits, and two files to predict: validation from what is before it, and test.

    Args:
        dataset: of time series, each in the order of time.
        folder: gs:// URI, of this data alone.
    """
    tables = {split: _named(dataset, rows_for_service(dataset, split)) for split in SPLITS}
    upload_csv(f"{folder}/rows.csv", (with_split(rows, split) for split, rows in tables.items()))
    target = service_names(dataset)[dataset.label_column]
    files = []
    for known, asked in ((("train",), "validation"), (("train", "validation"), "test")):
        files.append(f"{folder}/{asked}.csv")
        # What is asked for is told by its missing target.
        upload_csv(files[-1], [*(tables[split] for split in known), _without_values(tables[asked], target)])
    return Material(f"{folder}/rows.csv", tuple(files), "csv", row_ids(dataset))


def forecast_arguments(dataset: Dataset) -> dict[str, Any]:
    """How time runs in the table, as the arguments of the SDK's forecasting jobs.

    Only the time is known ahead; all other columns are taken for unknown at the time of the forecast.
    """
    names = service_names(dataset)
    target, time = names[dataset.label_column], names[dataset.time_column]
    series = names.get(dataset.series_column, _SERIES_COLUMN)
    unit, count = _granularity(dataset)
    return {
        "target_column": target,
        "time_column": time,
        "time_series_identifier_column": series,
        "available_at_forecast_columns": [time],
        "unavailable_at_forecast_columns": [name for name in names.values() if name not in (time, series)],
        "forecast_horizon": dataset.horizon,
        "context_window": dataset.horizon,
        "data_granularity_unit": unit,
        "data_granularity_count": count,
    }


def series_transformations(dataset: Dataset) -> list[dict[str, dict[str, Any]]]:
    """What the service makes of each column: all but the target and the name of the series."""
    names = service_names(dataset)
    columns = (each for each in dataset.columns if each.name not in (dataset.series_column, dataset.label_column))
    return [{TRANSFORMATIONS[each.type]: {"column_name": names[each.name]}} for each in columns]


def _granularity(dataset: Dataset) -> tuple[str, int]:
    period = Period.parse(dataset.period)
    return "day" if period.unit == "business day" else period.unit, period.count


def _named(dataset: Dataset, rows: pa.Table) -> pa.Table:
    if dataset.series_column:
        return rows
    return rows.append_column(_SERIES_COLUMN, pa.array(["all"] * len(rows), pa.string()))


def _without_values(rows: pa.Table, column: str) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(column), column, pa.nulls(len(rows), pa.string()))
