"""Table columns as model inputs: the same in training, in evaluation and in prediction."""

import keyword
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..data.items import Column, ColumnType
from ..errors import InputError
from .folder import InputColumn

_MICROSECONDS_PER_DAY = 24 * 60 * 60 * 1_000_000


def input_column(column: Column) -> InputColumn:
    """How a column enters a model: categories as strings, all else as numbers."""
    is_string = column.type in (ColumnType.CATEGORY, ColumnType.TEXT)
    return {"name": column.name, "type": column.type, "dtype": "string" if is_string else "float32"}


def column_tensors(rows: pa.RecordBatch | pa.Table, columns: Iterable[InputColumn]) -> dict[str, NDArray[Any]]:
    """Columns of a data set as model inputs.

    Args:
        rows: of a data set, or of the same column types.
        columns: the model's.

    Returns:
        By column name: [N, 1] of float32 (a date is the days since 1970-01-01 UTC, a boolean 0 or 1; missing or not
        finite: NaN) or of strings as objects (missing: "").

    Raises:
        InputError: a column is absent, or its values are of another kind.
    """
    return {column["name"]: _tensor(_column(rows, column["name"]), column) for column in columns}


def _column(rows: pa.RecordBatch | pa.Table, name: str) -> pa.Array | pa.ChunkedArray:
    if name not in rows.schema.names:
        raise InputError(f"Column {name!r}, which the model was trained on, is absent; add it to the data.")
    return rows.column(name)


def _tensor(values: pa.Array | pa.ChunkedArray, column: InputColumn) -> NDArray[Any]:
    try:
        if column["dtype"] == "string":
            return pc.fill_null(pc.cast(values, pa.string()), "").to_numpy(zero_copy_only=False).astype(object)[:, None]
        numbers = _days(values) if pa.types.is_timestamp(values.type) else _numbers(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputError(
            f"Column {column['name']!r} holds {values.type}, but the model takes a {column['type']}; mend the data."
        ) from None
    # A value beyond float32's range becomes infinite, and with that missing: no model learns from it.
    with np.errstate(over="ignore"):
        tensor = numbers.astype(np.float32)
    return np.where(np.isfinite(tensor), tensor, np.float32("nan"))[:, None]


def _numbers(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    return pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _days(values: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    return _numbers(pc.cast(pc.cast(values, pa.timestamp("us", tz="UTC")), pa.int64())) / _MICROSECONDS_PER_DAY


def signature_names(columns: Sequence[InputColumn]) -> dict[str, str]:
    """Names of a SavedModel's inputs, by column name; ONNX takes the columns' own names.

    TensorFlow's signatures and their conversion keep only Python identifiers in lower case, so `Mean radius` goes by
    `mean_radius`. A column whose name gives no identifier, or not one of its own, goes by its place: `column_0` is the
    first.
    """
    candidates = [re.sub(r"[^a-z0-9]+", "_", column["name"].lower()).strip("_") for column in columns]
    return {
        column["name"]: name if candidates.count(name) == 1 and _is_free(name) else f"column_{place}"
        for place, (column, name) in enumerate(zip(columns, candidates, strict=True))
    }


def _is_free(name: str) -> bool:
    """Whether a name may stand in a signature: `self` is taken by TensorFlow's own methods, `column_N` by our rule."""
    is_taken = keyword.iskeyword(name) or name == "self" or re.fullmatch(r"column_\d+", name)
    return name.isidentifier() and not is_taken
