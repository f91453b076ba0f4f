"""Results as Parquet: the same lines in columns."""

from collections.abc import Iterable, Iterator

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from .material import Line

_NUMBERS = pa.list_(pa.float64())
_COLUMNS = {
    "displayNames": pa.list_(pa.string()),
    "confidences": _NUMBERS,
    "bboxes": pa.list_(_NUMBERS),
    "value": pa.float64(),
    "outputs": pa.string(),
}


def to_parquet(lines: Iterable[Line], fields: Iterable[str]) -> bytes:
    """A Parquet file of result lines.

    Args:
        lines: as `material.line` gives them, none of them an error.
        fields: of the predictions. An instance and named tensors are JSON text, as they have no columns of their own.
    """
    schema = pa.schema([("key", pa.string()), ("instance", pa.string()), *((name, _COLUMNS[name]) for name in fields)])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(map(_row, lines)), schema), sink)
    return sink.getvalue().to_pybytes()


def from_parquet(data: bytes) -> Iterator[Line]:
    """Yields the lines of a file of `to_parquet`."""
    for row in pq.read_table(pa.BufferReader(data)).to_pylist():
        line = {"key": row.pop("key"), "instance": orjson.loads(row.pop("instance"))}
        if "outputs" in row:
            row["outputs"] = orjson.loads(row["outputs"])
        yield {**line, "prediction": row}


def _row(line: Line) -> Line:
    values = dict(line["prediction"])
    if "outputs" in values:
        values["outputs"] = _json(values["outputs"])
    return {"key": line["key"], "instance": _json(line["instance"]), **values}


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
