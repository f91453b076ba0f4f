"""How a column goes with the label, from a sample of the training rows: what a leak looks like."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Column, ColumnType
from ...reports.scatter import BINS, limits
from ..schema.profile import numbers
from .distributions import outline, value_text
from .names import short

# At most about so many rows are looked at, evenly spread.
MOST_ROWS = 20_000
_MOST_GROUPS, _MOST_VALUES = 5, 8
_STRIP_BINS = 30
_NUMBERS = (ColumnType.NUMBER, ColumnType.DATE)
# Percentiles between which the axis of a number lies: a few huge values shall not push all others into one bin.
_MIDDLE = (1, 99)


@dataclass(frozen=True, slots=True)
class Strips:
    """A histogram of the number `of` in each group of rows, over the same axis: (value of `by`, SVG path, rows)."""

    of: str
    by: str
    groups: Sequence[tuple[str, str, int]]
    ends: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shares:
    """Which label the rows with a value have: `rows` are (value, rows, share of each of the `labels`)."""

    column: str
    labels: Sequence[str]
    rows: Sequence[tuple[str, int, Sequence[float]]]


@dataclass(frozen=True, slots=True)
class Cloud:
    """A number against the number to predict: (column, row from the bottom, shade in 0..1) of a grid of `bins`."""

    column: str
    label: str
    cells: Sequence[tuple[int, int, float]]
    ends: tuple[str, str]
    label_ends: tuple[str, str]
    bins: int = BINS


def by_label(data: Dataset, columns: Iterable[str]) -> list[Strips | Shares | Cloud]:
    """Draws these columns against the label; leaves out texts, and those without values."""
    known = {column.name: column for column in data.columns if column.name != data.label_column}
    drawn = (_draw(data, known[name]) for name in columns if name in known)
    return [each for each in drawn if each]


@dataclass(frozen=True, slots=True)
class _Side:
    """A column of the sampled rows: float64 [N] of numbers and dates (seconds since 1970), or else texts [N]."""

    name: str
    type: ColumnType
    values: NDArray

    @property
    def is_number(self) -> bool:
        return self.type in _NUMBERS

    def is_finite(self) -> NDArray[np.bool_]:
        """Of each row; texts are."""
        return np.isfinite(self.values) if self.is_number else np.ones(len(self.values), bool)

    def axis(self) -> tuple[NDArray[np.float64], tuple[float, float], tuple[str, str]]:
        """The numbers with the extreme ones moved to the ends of the axis, its ends, and what stands there."""
        low, high = limits(np.percentile(self.values, _MIDDLE))
        starts, ends = "≤ " if self.values.min() < low else "", "≥ " if self.values.max() > high else ""
        texts = starts + value_text(low, self.type), ends + value_text(high, self.type)
        return np.clip(self.values, low, high), (low, high), texts


def _draw(data: Dataset, column: Column) -> Strips | Shares | Cloud | None:
    label = next(each for each in data.columns if each.name == data.label_column)
    if ColumnType.TEXT in (column.type, label.type):
        return None
    one, truth = _sample(data, (column, label))
    if not len(one.values):
        return None
    if one.is_number:
        return _cloud(one, truth) if truth.is_number else _strips(one, truth)
    return _strips(truth, one) if truth.is_number else _shares(one, truth)


def _sample(data: Dataset, columns: tuple[Column, Column]) -> list[_Side]:
    """Each n-th row of train, of those the ones that have a value in both columns."""
    step = max(data.counts["train"] // MOST_ROWS, 1)
    names = [column.name for column in columns]
    thinned = [batch.take(np.arange(0, len(batch), step)) for batch in data.batches("train", names)]
    if not thinned:
        return [_Side(column.name, column.type, np.array([])) for column in columns]
    rows = pa.Table.from_batches(thinned).drop_null()
    sides = [_Side(column.name, column.type, _as_values(rows[column.name], column.type)) for column in columns]
    finite = np.logical_and(*(side.is_finite() for side in sides))
    return [replace(side, values=side.values[finite]) for side in sides]


def _as_values(column: pa.ChunkedArray, of: ColumnType) -> NDArray:
    return numbers(column, of) if of in _NUMBERS else np.array(list(map(str, column.to_pylist())), object)


def _strips(number: _Side, groups: _Side) -> Strips:
    values, axis, ends = number.axis()
    edges = np.linspace(*axis, _STRIP_BINS + 1)
    drawn = []
    for group, rows in _commonest(groups.values, _MOST_GROUPS):
        counts, _ = np.histogram(values[groups.values == group], edges)
        drawn.append((short(group), outline(edges, counts / counts.max()), rows))
    return Strips(number.name, groups.name, drawn, ends)


def _shares(column: _Side, label: _Side) -> Shares:
    labels = [name for name, _ in _commonest(label.values, _MOST_GROUPS)]
    rows = []
    for value, count in _commonest(column.values, _MOST_VALUES):
        of_value = label.values[column.values == value]
        rows.append((short(value), count, [float((of_value == name).mean()) for name in labels]))
    return Shares(column.name, [short(name) for name in labels], rows)


def _cloud(column: _Side, label: _Side) -> Cloud:
    (x, across, ends), (y, up, label_ends) = column.axis(), label.axis()
    counts, _, _ = np.histogram2d(x, y, BINS, (across, up))
    places = np.argwhere(counts)
    # By the root, so that a single row is still to be seen beside hundreds.
    shades = np.sqrt(counts[counts > 0] / counts.max())
    cells = [(right, above, shade) for (right, above), shade in zip(places.tolist(), shades.tolist(), strict=True)]
    return Cloud(column.name, label.name, cells, ends, label_ends)


def _commonest(values: NDArray, most: int) -> list[tuple[str, int]]:
    return Counter(values.tolist()).most_common(most)
