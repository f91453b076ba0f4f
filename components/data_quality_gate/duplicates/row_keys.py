"""Rows of a table as hashes: equal rows have equal keys, and nearly equal ones mostly agree in one of several."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import SPLITS, Column, ColumnType
from ..columns import all_values
from .row_values import hashed, hashes, is_key, numbers, spread, weighted

# Numbers that lie in one cell of a grid of this step, in spreads of their column, may be nearly equal. The grids are
# shifted against each other, so that near numbers on two sides of a line in one are together in another.
_STEP = 0.1
_GRIDS = 3


@dataclass(frozen=True, slots=True)
class RowKeys:
    """Keys of N rows of all splits, training rows first; each uint64 [N].

    Attributes:
        compared: the columns by which rows are compared: all but those that number or name them, and the label of a
            classification.
        exact: equal where all compared columns are equal, and the label of a regression.
        entry: equal where the columns that number the rows are equal too; differs everywhere where there are none.
        coarse: of each grid, equal where all compared columns may be nearly equal.
        label: of a classification, 0 where it is missing; otherwise all 0.
        split: int8 [N], place in `SPLITS`.
    """

    compared: list[Column]
    exact: NDArray[np.uint64]
    entry: NDArray[np.uint64]
    coarse: list[NDArray[np.uint64]]
    label: NDArray[np.uint64]
    split: NDArray[np.int8]

    def without(self, data: Dataset, column: Column) -> NDArray[np.uint64]:
        """Keys that are equal where all compared columns but this one are."""
        return self.exact - weighted(hashes(all_values(data, column.name)), data.columns.index(column))


def row_keys(data: Dataset) -> RowKeys:
    """Hashes the rows of a table, one column in memory at a time."""
    counts = [data.counts[split] for split in SPLITS]
    rows = sum(counts)
    exact, entry = np.zeros(rows, np.uint64), np.zeros(rows, np.uint64)
    coarse = [np.zeros(rows, np.uint64) for _ in range(_GRIDS)]
    label = np.zeros(rows, np.uint64)
    compared: list[Column] = []
    for number, column in enumerate(data.columns):
        values = all_values(data, column.name)
        if column.name == data.label_column and not data.task.predicts_numbers:
            label = hashes(values)
        elif column.name != data.label_column and is_key(column, values):
            entry += weighted(hashes(values), number)
        else:
            compared.append(column)
            exact += weighted(hashes(values), number)
            for key, cells in zip(coarse, _cells(column, values), strict=True):
                key += weighted(cells, number)
    entry = entry + exact if entry.any() else hashed(np.arange(rows))
    return RowKeys(compared, exact, entry, coarse, label, np.repeat(np.arange(len(SPLITS), dtype=np.int8), counts))


def _cells(column: Column, values: pa.ChunkedArray) -> list[NDArray[np.uint64]]:
    """The cell of each value in each grid; of what is no number, only equal values share a cell."""
    if column.type is not ColumnType.NUMBER:
        return [hashes(values, column)] * _GRIDS
    floats = numbers(values)
    scaled = floats / (_STEP * spread(floats))
    return [hashed(np.floor(scaled + grid / _GRIDS)) for grid in range(_GRIDS)]
