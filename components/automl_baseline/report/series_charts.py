"""Forecasts of a few series over time, with what came and what had been before."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.dataset import Dataset
from ...reports.series import Point, SeriesChart, series_chart

SERIES = 4
# How much of the past is drawn, in lengths of the forecast.
_HISTORY = 3


def series_charts(dataset: Dataset, predictions: Mapping[str, Any]) -> list[SeriesChart]:
    """The first series of the test split.

    Args:
        dataset: of time series.
        predictions: {"value": number} by item id.
    """
    test = _table(dataset, "test")
    before = pa.concat_tables([_table(dataset, "train"), _table(dataset, "validation")])
    names = sorted(test["series"].unique().to_pylist()) if dataset.series_column else [None]
    charts = []
    for name in names[:SERIES]:
        rows, past = (_of_series(table, name) for table in (test, before))
        predicted = [(row["time"], predictions[row["id"]]["value"]) for row in rows if row["id"] in predictions]
        if predicted:
            history = _points(past)[-_HISTORY * len(predicted) :]
            charts.append(series_chart(str(name or ""), history, _points(rows), predicted))
    return charts


def _table(dataset: Dataset, split: str) -> pa.Table:
    """A split's rows in the order of time: id, time, value and, where there are several, series."""
    columns = {"id": "__id__", "time": dataset.time_column, "value": dataset.label_column}
    if dataset.series_column:
        columns["series"] = dataset.series_column
    table = dataset.table(split, list(columns.values()))
    renamed = pa.table({name: table[column] for name, column in columns.items()})
    # NumPy knows no time zones; all times are in UTC.
    times = renamed["time"].cast(pa.timestamp("us"))
    return renamed.set_column(1, "time", times).sort_by("time")


def _of_series(table: pa.Table, name: str | None) -> list[dict[str, Any]]:
    return (table if name is None else table.filter(pc.field("series") == name)).to_pylist()


def _points(rows: list[dict[str, Any]]) -> list[Point]:
    return [(row["time"], row["value"]) for row in rows if row["value"] is not None]
