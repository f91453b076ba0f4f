"""Rows as people write them (JSON values, text of CSV) to rows as a model takes them.

Every value goes through its text, by the rules of `data.columns` by which the model's training data were read; so a
value means the same in JSON, CSV, Parquet and the data set, and never hangs on its neighbours.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.columns import convert
from ..data.items import ColumnType
from ..errors import InputError
from ..models.folder import ColumnsInput

_SHOWN_CHARACTERS = 80

Faults = dict[int, InputError]


def typed_rows(rows: Sequence[Mapping[str, Any]], described: ColumnsInput) -> tuple[pa.RecordBatch, Faults]:
    """Gives rows of JSON values the model's column types.

    None and "" are missing, and in a column of numbers, dates or booleans so are NA, NaN and null. What the model does
    not know is not looked at.

    Args:
        rows: by column name; numbers, dates (ISO 8601) and booleans may be text.
        described: the inputs of the model.

    Returns:
        The rows, of the types of a data set's columns; and bad rows by their place, each with what is wrong: a value
        that is not of its column's type (null in the batch), or keys that are missing.
    """
    names = [column["name"] for column in described["columns"]]
    faults: Faults = {}
    for place, row in enumerate(rows):
        if absent := [name for name in names if name not in row]:
            faults[place] = InputError(f"missing keys {', '.join(map(repr, absent))}; give null for a missing value")
    cells: dict[str, pa.Array] = {}
    for name in names:
        cells[name], bad = _as_text([row.get(name) for row in rows])
        _note(faults, bad, f"column {name!r} holds no single value: give text, a number, a boolean or null")
    if not names:
        raise ValueError("a model of rows has columns")
    batch, broken = typed_cells(pa.record_batch(cells), described)
    return batch, broken | faults


def typed_cells(cells: pa.RecordBatch, described: ColumnsInput) -> tuple[pa.RecordBatch, Faults]:
    """Gives cells the model's column types.

    Args:
        cells: of text, "" where missing, with the columns of the model among them.
        described: the inputs of the model.

    Returns:
        As `typed_rows`; other columns are left out.
    """
    values: dict[str, pa.Array] = {}
    faults: Faults = {}
    for column in described["columns"]:
        name, type_ = column["name"], ColumnType(column["type"])
        values[name], breaks = convert(cells[name], type_)
        for place in np.flatnonzero(breaks).tolist():
            shown = cells[name][place].as_py()[:_SHOWN_CHARACTERS]
            faults.setdefault(place, InputError(f"column {name!r}: {shown!r} is not a {type_}"))
    return pa.record_batch(values), faults


def _as_text(values: list[Any]) -> tuple[pa.StringArray, list[int]]:
    """The text of each value, as Arrow writes it, and the places of those that have none."""
    types = set(map(type, values)) - {type(None)}
    if len(types) <= 1 and types <= {str, int, float, bool}:
        try:
            return pa.array(values).cast(pa.string()).fill_null(""), []
        except (OverflowError, UnicodeError):
            pass
    texts = [_text(value) for value in values]
    return pa.array([text or "" for text in texts], pa.string()), [at for at, text in enumerate(texts) if text is None]


def _text(value: Any) -> str | None:
    """As `pa.Array.cast` writes it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return pa.scalar(value).cast(pa.string()).as_py()
        case str() if not any("\ud800" <= character <= "\udfff" for character in value):
            return value
        case _:
            return None


def _note(faults: Faults, places: list[int], message: str) -> None:
    for place in places:
        faults.setdefault(place, InputError(message))
