"""Tables in Parquet, read as the text of their cells, so that a table gives the same rows in CSV and in Parquet."""

from collections.abc import Iterator
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq

from ...data import storage
from ...errors import InputError
from ...models.folder import ColumnsInput
from ..records import Rows
from .listing import Listing
from .sources import RowSource
from .table_rows import columns_to_read, table_rows


def open_parquet(listing: Listing, described: ColumnsInput) -> RowSource:
    """Opens tables in Parquet, after a look at the schemas of all.

    Raises:
        InputError: a file is not Parquet, or has not the columns of the model, or has other than single values in them.
    """
    count = sum(_checked_count(uri, name, described) for name, uri in listing)
    return RowSource(
        listing.digest,
        count,
        lambda size: chain.from_iterable(_batches(uri, name, described, size) for name, uri in listing),
    )


def _checked_count(uri: str, name: str, described: ColumnsInput) -> int:
    try:
        with pq.ParquetFile(storage.open_binary(uri)) as file:
            schema, groups = file.schema_arrow, range(file.num_row_groups)
            count = sum(file.metadata.row_group(group).num_rows for group in groups)
    except (pa.ArrowException, UnicodeError) as error:
        raise InputError(f"{name} is not a Parquet file: {error}") from error
    for column in columns_to_read(schema.names, described, name):
        if not _has_text(schema.field(column).type):
            raise InputError(
                f"column {column!r} of {name} holds {schema.field(column).type}, not single values: mend it"
            )
    return count


def _has_text(type_: pa.DataType) -> bool:
    if pa.types.is_nested(type_) or pa.types.is_binary(type_):
        return False
    try:
        pa.array([], type_).cast(pa.string())
    except pa.ArrowNotImplementedError:
        return False
    return True


def _batches(uri: str, name: str, described: ColumnsInput, size: int) -> Iterator[Rows]:
    with pq.ParquetFile(storage.open_binary(uri)) as file:
        columns = columns_to_read(file.schema_arrow.names, described, name)
        first = 1
        for group in range(file.num_row_groups):
            for cells, faults in _cells_of_group(file, group, columns, size):
                places = [f"{name}:{first + row}" for row in range(cells.num_rows)]
                first += cells.num_rows
                yield table_rows(cells, places, faults, described)


def _cells_of_group(
    file: pq.ParquetFile, group: int, columns: list[str], size: int
) -> Iterator[tuple[pa.RecordBatch, dict[int, str]]]:
    """Yields the cells of a row group; where it breaks off, rows without any, each with what is wrong."""
    left, reason = file.metadata.row_group(group).num_rows, "it has fewer rows than it says"
    try:
        for batch in file.iter_batches(size, row_groups=[group], columns=columns):
            rows = batch.select(columns).slice(0, left)
            left -= rows.num_rows
            yield _as_text(rows)
    except (pa.ArrowException, OSError) as error:
        # Arrow's own are of no subclass; others come from the storage, and may pass.
        if isinstance(error, OSError) and type(error) is not OSError:
            raise
        reason = str(error)
    while left > 0:
        rows = min(left, size)
        left -= rows
        empty = pa.record_batch([pa.array([""] * rows)] * len(columns), columns)
        yield empty, dict.fromkeys(range(rows), f"row group {group} cannot be read: {reason}")


def _as_text(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, dict[int, str]]:
    faults: dict[int, str] = {}
    cells: dict[str, pa.Array] = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        cells[name], bad = _utf8(column.cast(pa.string()).fill_null(""))
        faults |= dict.fromkeys(bad, f"column {name!r} is not UTF-8")
    return pa.record_batch(cells), faults


def _utf8(text: pa.StringArray) -> tuple[pa.StringArray, list[int]]:
    """Text without what is not UTF-8, which Parquet files may hold and Arrow does not look at, and where that was."""
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        values = [_decoded(value) for value in text.cast(pa.binary()).to_pylist()]
        bad = [place for place, value in enumerate(values) if value is None]
        return pa.array([value or "" for value in values], pa.string()), bad
    return text, []


def _decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
