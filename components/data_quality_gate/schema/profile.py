"""What the columns of a table hold, one split at a time: profile.json of a verdict, and the reference of later runs.

    {"format": 1, "splits": {"train": {"Age": {"name": "Age", "type": "number", "rows": 712, ...}, ...}, ...}}

A column is read by itself, so that a table of any width takes the memory of one column.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...data import storage
from ...data.dataset import Dataset
from ...data.items import SPLITS, Column, ColumnType
from ...errors import InputError

FORMAT = 1
BINS = 30
# Categories beyond these are not listed, only counted in `distinct`.
MOST_CATEGORIES = 100
# Tukey's outer fences: a histogram reaches so many interquartile ranges beyond the quartiles, where there are values.
FENCES = 3.0
# Types whose values are counted one by one; the others have a histogram.
COUNTED = (ColumnType.CATEGORY, ColumnType.BOOLEAN)
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column in one split.

    Attributes:
        name: of the column.
        type: of its values.
        rows: of the split.
        missing: rows without a value.
        distinct: different values.
        low: the least number, the earliest date in seconds since 1970, or the length of the shortest text in
            characters; None without one.
        high: the greatest.
        quartiles: of the numbers, dates or lengths, three of them; empty without values.
        edges: N + 1 edges of a histogram of the same, ascending; made of the training split for all splits.
        counts: N counts of values in it. The outer bins are open: the first counts the values below its edges too, the
            last those above, so that a few huge values do not push all others into one bin.
        categories: the commonest values of categories and booleans with their counts, the commonest first.
    """

    name: str
    type: ColumnType
    rows: int
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    quartiles: list[float] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    categories: dict[str, int] = field(default_factory=dict)

    @property
    def present(self) -> int:
        """Rows with a value."""
        return self.rows - self.missing

    @property
    def lists_all_categories(self) -> bool:
        """Whether `categories` has every value of the split."""
        return len(self.categories) == self.distinct


# Column profiles by split and column name.
Profile = dict[str, dict[str, ColumnProfile]]


def profile(data: Dataset) -> Profile:
    """The profile of a table: of all splits, all columns with the label; empty for images."""
    if data.task.is_image:
        return {}
    columns = {column.name: _column(data, column) for column in data.columns}
    return {split: {name: parts[split] for name, parts in columns.items()} for split in SPLITS}


def write(path: str | Path, columns: Profile) -> None:
    """Writes profile.json, whole or not at all; a local path or gs:// URI.

    Raises:
        OSError: it may not be written.
    """
    splits = {split: {name: asdict(each) for name, each in parts.items()} for split, parts in columns.items()}
    text = json.dumps({"format": FORMAT, "splits": splits}, indent=1, ensure_ascii=False, allow_nan=False)
    storage.write_bytes(str(path), f"{text}\n".encode())


def read(path: str) -> Profile:
    """The profile that an earlier verdict wrote, from a local path or gs:// URI.

    Raises:
        InputError: it cannot be read, or is no profile of a table.
    """
    try:
        content = json.loads(storage.read_bytes(path))
        splits = {split: _parsed(content["splits"][split]) for split in SPLITS}
    except OSError as error:
        raise InputError(f"the reference {path} cannot be read: {str(error).rstrip('.')}.") from error
    except (ValueError, TypeError, KeyError, AttributeError):
        splits, content = {}, {}
    if not splits.get("train") or content.get("format") != FORMAT:
        raise InputError(f"the reference {path} is no profile of a table: give profile.json of an earlier verdict.")
    return splits


def numbers(values: pa.ChunkedArray, type_: ColumnType) -> NDArray[np.float64]:
    """What histograms are made of: the numbers, dates in seconds since 1970, or lengths of texts; NaN where missing."""
    match type_:
        case ColumnType.DATE:
            return values.cast(pa.int64()).cast(pa.float64(), safe=False).to_numpy() / _MICROSECONDS
        case ColumnType.TEXT:
            return pc.call_function("utf8_length", [values]).cast(pa.float64()).to_numpy()
        case _:
            return values.cast(pa.float64()).to_numpy()


def histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts between N + 1 edges, the outer bins being open."""
    return np.bincount(np.searchsorted(edges[1:-1], values, side="right"), minlength=len(edges) - 1)


def _column(data: Dataset, column: Column) -> dict[str, ColumnProfile]:
    """One column, by split."""
    parts = {split: data.table(split, columns=[column.name])[column.name] for split in SPLITS}
    if column.type in COUNTED:
        return {split: _categories(column, values) for split, values in parts.items()}
    edges = _edges(numbers(parts["train"].drop_null(), column.type))
    return {split: _numbers(column, values, edges) for split, values in parts.items()}


def _categories(column: Column, values: pa.ChunkedArray) -> ColumnProfile:
    counts = values.drop_null().cast(pa.string()).value_counts()
    by_count = [("counts", "descending"), ("values", "ascending")]
    commonest = pc.call_function(
        "select_k_unstable", [pa.RecordBatch.from_struct_array(counts)], pc.SelectKOptions(MOST_CATEGORIES, by_count)
    )
    first = counts.take(commonest).to_pylist()
    return ColumnProfile(
        name=column.name,
        type=column.type,
        rows=len(values),
        missing=values.null_count,
        distinct=len(counts),
        categories={each["values"]: each["counts"] for each in first},
    )


def _numbers(column: Column, values: pa.ChunkedArray, edges: NDArray[np.float64]) -> ColumnProfile:
    present = numbers(values.drop_null(), column.type)
    quantiles: list[float] = np.quantile(present, [0, 0.25, 0.5, 0.75, 1]).tolist() if len(present) else []
    return ColumnProfile(
        name=column.name,
        type=column.type,
        rows=len(values),
        missing=values.null_count,
        distinct=pc.call_function("count_distinct", [values]).as_py(),
        low=quantiles[0] if quantiles else None,
        high=quantiles[-1] if quantiles else None,
        quartiles=quantiles[1:-1],
        edges=edges.tolist(),
        counts=histogram(present, edges).tolist() if len(edges) else [],
    )


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of a histogram within the fences; between whole numbers where there are few of them."""
    if not len(values):
        return values
    low, lower, upper, high = np.quantile(values, [0, 0.25, 0.75, 1])
    if (reach := FENCES * (upper - lower)) > 0:
        low, high = max(low, lower - reach), min(high, upper + reach)
    if high - low < BINS and not (values % 1).any():
        return np.arange(np.floor(low) - 0.5, np.ceil(high) + 1)
    return np.linspace(low, high, BINS + 1)


def _parsed(columns: Mapping[str, Mapping[str, Any]]) -> dict[str, ColumnProfile]:
    return {name: ColumnProfile(**{**fields, "type": ColumnType(fields["type"])}) for name, fields in columns.items()}
