"""Types of a table's columns: inferred from the text of the cells, and given to them.

A type is inferred from the whole stream, so it does not hang on which rows come first. An empty cell is missing; in a
column of numbers, dates or booleans so are NA, NaN and null.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .items import ColumnType

# A column is of a type when at least this share of its values is; the others are faults.
_SHARES = {ColumnType.NUMBER: 0.95, ColumnType.DATE: 0.95, ColumnType.BOOLEAN: 1.0}
# Free text: so many words on average, and rarely twice the same.
_WORDS_OF_TEXT = 3
_DISTINCT_SHARE_OF_TEXT = 0.5
_MOST_DISTINCT = 1000

_PATTERNS = {
    ColumnType.NUMBER: r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*",
    # ISO 8601: a date, or a date and a time.
    ColumnType.DATE: r"\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?\s*",
    ColumnType.BOOLEAN: r"(?i)\s*(true|false)\s*",
}
_MISSING = r"(?i)\s*(na|nan|null)?\s*"
_WORD = r"\S+"


@dataclass
class TypeInference:
    """What has been seen of one column; fed piece by piece."""

    _values: int = 0
    _matches: dict[ColumnType, int] = field(default_factory=lambda: dict.fromkeys(_PATTERNS, 0))
    _others: int = 0
    _words: int = 0
    _distinct: set[str] = field(default_factory=set)

    def add(self, cells: pa.StringArray) -> None:
        """Looks at some cells of the column ("" where empty)."""
        rest = cells.filter(pa.array(~_matches(cells, _MISSING)))
        self._values += len(rest)
        for type_, pattern in _PATTERNS.items():
            matching = _matches(rest, pattern)
            self._matches[type_] += int(matching.sum())
            rest = rest.filter(pa.array(~matching))
        self._others += len(rest)
        words = pc.call_function("count_substring_regex", [rest], pc.MatchSubstringOptions(_WORD))
        self._words += int(words.to_numpy().sum())
        if len(self._distinct) < _MOST_DISTINCT:
            self._distinct.update(rest.unique()[:_MOST_DISTINCT].to_pylist())

    @property
    def type(self) -> ColumnType:
        """The type of what has been seen; `category` where there was nothing."""
        for type_, count in self._matches.items():
            if count and count >= _SHARES[type_] * self._values:
                return type_
        is_varied = len(self._distinct) >= min(_MOST_DISTINCT, _DISTINCT_SHARE_OF_TEXT * self._values)
        if self._others and self._words >= _WORDS_OF_TEXT * self._others and is_varied:
            return ColumnType.TEXT
        return ColumnType.CATEGORY


def convert(cells: pa.StringArray, type_: ColumnType) -> tuple[pa.Array, np.ndarray]:
    """Gives cells their type.

    Args:
        cells: of one column, "" where empty.
        type_: of the column.

    Returns:
        The values (null where missing or not of the type), and bool [rows]: whether a cell holds something that is not
        of the type.
    """
    if type_ not in _PATTERNS:
        return _where(cells, ~_matches(cells, "")), np.zeros(len(cells), bool)
    text = _where(pc.call_function("utf8_trim_whitespace", [cells]), _matches(cells, _PATTERNS[type_]))
    match type_:
        case ColumnType.NUMBER:
            numbers = text.cast(pa.float64()).to_numpy(zero_copy_only=False)
            values = pa.array(numbers, mask=~np.isfinite(numbers))
        case ColumnType.BOOLEAN:
            values = text.cast(pa.bool_())
        case _:
            # Arrow's own parser gives up on a whole column for one date that is not in the calendar.
            dates = pd.to_datetime(text.to_pandas(), format="ISO8601", errors="coerce", utc=True)
            values = pa.array(dates, pa.timestamp("us", tz="UTC"))
    return values, np.asarray(values.is_null()) & ~_matches(cells, _MISSING)


def _matches(cells: pa.StringArray, pattern: str) -> np.ndarray:
    """bool [rows]: whether the whole of a cell matches."""
    options = pc.MatchSubstringOptions(rf"\A(?:{pattern})\z")
    return pc.call_function("match_substring_regex", [cells], options).to_numpy(zero_copy_only=False)


def _where(cells: pa.StringArray, mask: np.ndarray) -> pa.StringArray:
    return pc.call_function("if_else", [pa.array(mask), cells, pa.scalar(None, pa.string())])
