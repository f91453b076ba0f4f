"""Tables in CSV and Parquet, as a stream of cells in text.

A Parquet file is read as the text of its cells, so that the same table gives the same dataset from either.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from .. import storage
from ..dataset import ROW_FIELDS
from ..items import ColumnType, Reject
from .csv_rows import Row, csv_rows

_ROWS_PER_CHUNK = 16384


@dataclass(frozen=True)
class Chunk:
    """Some rows.

    Attributes:
        cells: a column of strings for each of the table's, "" where empty.
        lines: where each row starts: its line in a file of lines, its row in a Parquet file, both counted from 1, or
            its file in a folder.
    """

    cells: pa.RecordBatch
    lines: Sequence[int | str]


@dataclass(frozen=True)
class Table:
    """A table that can be streamed as often as needed.

    Attributes:
        name: of the file.
        columns: names, in order.
        chunks: begins a stream of the rows, and of what could not be read.
        types: of the columns whose type need not be inferred.
    """

    name: str
    columns: list[str]
    chunks: Callable[[], Iterator[Chunk | Reject]]
    types: Mapping[str, ColumnType] = field(default_factory=dict)


def open_table(uri: str) -> Table:
    """Opens a table.

    Args:
        uri: local path or `gs://` URI of a `.csv` file with a header, or of a `.parquet` file.

    Raises:
        InputError: it is of another format, or its header cannot be used.
        OSError: it cannot be opened.
    """
    match uri.lower().rpartition(".")[2]:
        case "csv":
            table = _open_csv(uri)
        case "parquet":
            table = _open_parquet(uri)
        case _:
            raise InputError(f"{uri} is no table: give a .csv file with a header line, or a .parquet file.")
    _check_header(table)
    return table


def _check_header(table: Table) -> None:
    if not all(name.strip() for name in table.columns):
        number = [bool(name.strip()) for name in table.columns].index(False) + 1
        raise InputError(f"column {number} of {table.name} has no name: name it in the header, or remove it.")
    if twice := [name for name, count in Counter(table.columns).items() if count > 1]:
        raise InputError(f"{table.name} has several columns named {twice[0]!r}: rename all but one.")
    if taken := set(table.columns) & set(ROW_FIELDS.names):
        raise InputError(f"{table.name} has a column {min(taken)!r}, a name this library keeps for itself: rename it.")


def _open_csv(uri: str) -> Table:
    name = storage.file_name(uri)
    header = next(csv_rows(uri), None)
    if header is None:
        raise InputError(f"{name} is empty: give a table with a header line.")
    if isinstance(header, Reject):
        raise InputError(f"the header of {name} cannot be read: it is {header.detail}.")
    columns = header.cells
    return Table(name, columns, lambda: _csv_chunks(uri, name, columns))


def _csv_chunks(uri: str, name: str, columns: list[str]) -> Iterator[Chunk | Reject]:
    rows = csv_rows(uri)
    next(rows)
    waiting: list[Row] = []
    for row in rows:
        if isinstance(row, Reject):
            yield row
        elif len(row.cells) != len(columns):
            detail = f"{len(row.cells)} fields where the header has {len(columns)}"
            yield Reject(f"{name}:{row.line}", "", "bad_row", detail)
        else:
            waiting.append(row)
        if len(waiting) == _ROWS_PER_CHUNK:
            yield _csv_chunk(waiting, columns)
            waiting = []
    if waiting:
        yield _csv_chunk(waiting, columns)


def _csv_chunk(rows: list[Row], columns: list[str]) -> Chunk:
    cells = zip(*(row.cells for row in rows), strict=True)
    arrays = [pa.array(column, pa.string()) for column in cells]
    return Chunk(pa.record_batch(arrays, columns), [row.line for row in rows])


def _open_parquet(uri: str) -> Table:
    name = storage.file_name(uri)
    try:
        with pq.ParquetFile(storage.open_binary(uri)) as file:
            schema = file.schema_arrow
    except pa.ArrowInvalid as error:
        raise InputError(f"{name} is not a Parquet file: {error}") from error
    for column in schema:
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            raise InputError(f"column {column.name!r} of {name} holds {column.type}, not single values: remove it.")
    return Table(name, schema.names, lambda: _parquet_chunks(uri))


def _parquet_chunks(uri: str) -> Iterator[Chunk]:
    first = 1
    with pq.ParquetFile(storage.open_binary(uri)) as file:
        for batch in file.iter_batches(_ROWS_PER_CHUNK):
            arrays = [column.cast(pa.string()).fill_null("") for column in batch.columns]
            yield Chunk(pa.record_batch(arrays, batch.schema.names), list(range(first, first + batch.num_rows)))
            first += batch.num_rows
