"""From a table of time series to a dataset: the rows in the order of time, split by time."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..data.dataset import DatasetWriter, row_schema
from ..data.items import SPLITS, Column, ColumnType, Fault, Reject, Task, TimeAxis
from ..data.periods import infer_period
from ..data.readers.tables import Chunk, Table, open_table
from ..errors import InputError
from .import_table import find_roles, infer_columns, typed_chunk
from .time_order import on_grid, ordered, split_by_time, without_repeats, without_short_series

_TASK = Task.TABULAR_FORECASTING


def import_series(
    source: str, output: str | Path, label_column: str, time_column: str, series_column: str, horizon: int
) -> dict[str, Any]:
    """Reads a table of time series, all of it into memory, since its rows have to be put in order.

    In each series the last `horizon` periods are for the test, the `horizon` before them for validation, the rest is
    for training; a column `ml_use` says otherwise where it says something.

    Args:
        source: of the table, `.csv` or `.parquet`.
        output: dataset folder to write.
        label_column: the numbers to forecast.
        time_column: of dates.
        series_column: of names of the series; "" for a single series.
        horizon: how many periods ahead.

    Returns:
        The summary of the dataset.

    Raises:
        InputError: the table cannot be used for a forecast.
        OSError: it cannot be opened.
    """
    table = open_table(source)
    _check_settings(table, label_column, time_column, series_column, horizon)
    rejects: list[Reject] = []
    columns, rows = _read(table, label_column, time_column, series_column, rejects)
    frame = ordered(rows, label_column, time_column, series_column, rejects)
    _check_some(frame, table.name, rejects)
    period = infer_period(frame["time"].to_numpy(), frame["series"].to_numpy())
    frame = without_repeats(on_grid(frame, period), table.name, period, series_column, rejects)
    frame = without_short_series(split_by_time(frame, horizon), horizon, rejects)
    _check_some(frame, table.name, rejects)
    axis = TimeAxis(time_column, series_column, horizon, str(period))
    with DatasetWriter(output, _TASK, source, columns, label_column, axis) as writer:
        for reject in rejects:
            writer.reject(reject)
        rows = _with_gaps(rows.take(pa.array(frame["row"])), frame, str(period))
        for split in SPLITS:
            writer.add_rows(rows.filter(pa.array(frame["split"].to_numpy() == split)), split)
    print(f"{frame['series'].nunique():,} series, a row every {period}", flush=True)
    return writer.summary


def _check_settings(table: Table, label_column: str, time_column: str, series_column: str, horizon: int) -> None:
    find_roles(table, label_column=label_column, time_column=time_column, series_column=series_column)
    if not time_column:
        raise InputError(f"time_column is not given: name the column of dates: {', '.join(table.columns)}.")
    if len({label_column, time_column, series_column}) < 3:
        raise InputError("label_column, time_column and series_column name the same column twice: give one each.")
    if horizon < 1:
        raise InputError(f"horizon is {horizon}: give how many periods ahead to forecast, at least 1.")


def _read(
    table: Table, label_column: str, time_column: str, series_column: str, rejects: list[Reject]
) -> tuple[list[Column], pa.Table]:
    """The columns with their types, and all rows."""
    roles = find_roles(table, label_column=label_column)
    columns, _ = infer_columns(table, roles, _TASK)
    if series_column:  # whatever its names look like
        columns = [Column(each.name, ColumnType.CATEGORY) if each.name == series_column else each for each in columns]
    (time,) = (column for column in columns if column.name == time_column)
    if time.type is not ColumnType.DATE:
        raise InputError(
            f"column {time_column!r} of {table.name} holds {time.type} values, and a time_column holds dates such as "
            "2026-01-31 or 2026-01-31T18:00: name another column, or write the dates like these."
        )
    parts = [row_schema(columns).empty_table()]
    for chunk in table.chunks():
        if isinstance(chunk, Chunk):
            parts.append(typed_chunk(chunk, table.name, columns, roles, rejects.append)[0])
        else:
            rejects.append(chunk)
    return columns, pa.concat_tables(parts)


def _check_some(frame: pd.DataFrame, name: str, rejects: list[Reject]) -> None:
    if frame.empty:
        cause = f"; the first, {rejects[0].source}: {rejects[0].detail}" if rejects else ""
        raise InputError(f"{name} has no row that can be used{cause}.")


def _with_gaps(rows: pa.Table, frame: pd.DataFrame, period: str) -> pa.Table:
    """Marks each row that follows after a gap in its series."""
    steps = frame.groupby("series")["place"].diff().to_numpy()
    faults = rows["__faults__"].to_pylist()
    for row in np.flatnonzero(steps > 1):
        missing = int(steps[row]) - 1
        detail = f"{missing} {'row' if missing == 1 else 'rows'} missing before this one, at one row every {period}"
        faults[row].append(asdict(Fault("gap", detail)))
    place = rows.schema.get_field_index("__faults__")
    return rows.set_column(place, rows.field(place), pa.array(faults, rows.field(place).type))
