"""Time leakage: series whose training rows, or other columns, already hold the future that is to be forecast."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import ColumnType, Task
from ...models.folder import ModelFolder
from ...models.series_windows import SeriesRows
from ..columns import all_values
from ..findings import Case, Outcome, counted, finding

_RULE, _SAME_TIME = "time_leakage", "dominant_column"
# The squared correlation of changes from which on a column holds the target of a later time, or of the same.
_AHEAD, _SAME = 0.9, 0.98
# A column tells the future only where it leaves at most this share of what the target's own past leaves.
_SHARE_LEFT = 1 / 3
# How many rows ahead to look, and how far the target's own past is looked at.
_MOST_LAGS = 60
# The first ones; more tell nothing new.
_MOST_ROWS = 50_000
_FEWEST_PAIRS = 30


def time_leakage(data: Dataset, baseline: ModelFolder) -> Iterator[Outcome]:
    """Yields the finding of `time_leakage`, and `dominant_column` of a column that is the target of the same time.

    Nothing where the task is no forecast: in other tables, rows of one time are commonly in all splits.
    """
    if data.task is not Task.TABULAR_FORECASTING:
        return
    rows = SeriesRows(data)
    cases = [*_late_rows(rows)]
    same: list[tuple[float, Case]] = []
    changes = _Changes(rows)
    own = max(changes.correlation(changes.target, lag) for lag in range(1, _MOST_LAGS + 1))
    for name, values in _numbers(data, rows):
        column = changes.of(values)
        ahead = {lag: changes.correlation(column, lag) for lag in range(1, min(data.horizon, _MOST_LAGS) + 1)}
        best = max(ahead, key=lambda lag: ahead[lag])
        if ahead[best] >= _AHEAD and 1 - ahead[best] <= _SHARE_LEFT * (1 - own):
            detail = f"changes as {data.label_column} will {best} rows later (r2 {ahead[best]:.3f})"
            cases.append(Case("", "", "train", detail, column=name))
        elif (now := changes.correlation(column, 0)) >= _SAME:
            detail = f"changes as {data.label_column} does at the same time (r2 {now:.3f})"
            same.append((now, Case("", "", "train", detail, column=name)))
    yield from counted(_RULE, cases, f"{len(rows.ids):,} rows and {len(data.columns)} columns")
    if same:
        names = ", ".join(f"`{case.column}`" for _, case in same)
        message = f"{names}: changes as the target does, at the same time. It must not count as known ahead."
        yield from finding(_SAME_TIME, max(now for now, _ in same), [case for _, case in same], message)


def _late_rows(rows: SeriesRows) -> Iterator[Case]:
    """Yields rows to learn from that are as late as the first test row of their series, or later."""
    is_test = rows.splits == "test"
    first = np.full(rows.series.max(initial=-1) + 1, np.datetime64("9999-12-31", "us"))
    np.minimum.at(first, rows.series[is_test], rows.times[is_test])
    for row in np.flatnonzero(~is_test & (rows.times >= first[rows.series])):
        detail = f"of {rows.times[row]}, but the test begins at {first[rows.series[row]]}"
        yield Case(str(rows.ids[row]), str(rows.ids[row]), str(rows.splits[row]), detail)


def _numbers(data: Dataset, rows: SeriesRows) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yields each column of numbers but the target, its values in the order of the rows."""
    names = [each.name for each in data.columns if each.type is ColumnType.NUMBER and each.name != data.label_column]
    if not names:
        return
    order = pd.Index(all_values(data, "__id__").to_numpy()).get_indexer(rows.ids)
    for name in names:
        yield name, all_values(data, name).to_numpy()[order]


class _Changes:
    """Changes from one row of a series to the next, in units of the series' own deviation."""

    def __init__(self, rows: SeriesRows) -> None:
        self._series, self._place = rows.series[:_MOST_ROWS], rows.place[:_MOST_ROWS]
        self.target = self.of(rows.truth)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Changes of values [R], NaN where there is none: the first of a series, after a gap, of a missing value."""
        values = values[: len(self._series)]
        follows = (np.diff(self._series) == 0) & (np.diff(self._place) == 1)
        changes = np.append(np.nan, np.where(follows, np.diff(values), np.nan))
        deviations = pd.Series(changes).groupby(self._series).transform("std").to_numpy()
        return np.divide(changes, deviations, out=np.full(len(changes), np.nan), where=deviations > 0)

    def correlation(self, column: NDArray[np.float64], lag: int) -> float:
        """Squared, of a column's changes with the target's so many rows later; 0 where there are too few pairs."""
        end = len(column) - lag
        if end <= 0:
            return 0.0
        pair = self._place[lag:] - self._place[:end] == lag
        pair &= (self._series[lag:] == self._series[:end]) & np.isfinite(column[:end]) & np.isfinite(self.target[lag:])
        earlier, later = column[:end][pair], self.target[lag:][pair]
        if len(earlier) < _FEWEST_PAIRS or not earlier.std() or not later.std():
            return 0.0
        return float(np.corrcoef(earlier, later)[0, 1] ** 2)
