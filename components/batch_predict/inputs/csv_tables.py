"""Tables in CSV with a header line."""

from collections.abc import Iterator
from itertools import chain, islice

import pyarrow as pa

from ...data import storage
from ...data.items import Reject
from ...data.readers.csv_rows import Row, csv_rows
from ...errors import InputError
from ...models.folder import ColumnsInput
from ..records import Rows
from .listing import Listing
from .record_files import count_records
from .sources import RowSource
from .table_rows import columns_to_read, table_rows


def open_csv(listing: Listing, described: ColumnsInput) -> RowSource:
    """Opens tables in CSV, after a look at all of their headers, and counts their rows.

    Raises:
        InputError: a header cannot be read, or has not the columns of the model.
    """
    for name, uri in listing:
        columns_to_read(_header(uri, name), described, name)
    return RowSource(
        listing.digest,
        count_records(listing, _rows),
        lambda size: chain.from_iterable(_batches(uri, name, described, size) for name, uri in listing),
    )


def _rows(uri: str) -> Iterator[Row | Reject]:
    """What comes after the header."""
    return islice(csv_rows(uri), 1, None)


def _header(uri: str, name: str) -> list[str]:
    header = next(csv_rows(uri), None)
    if header is None:
        raise InputError(f"{name} is empty: give a table with a header line")
    if isinstance(header, Reject):
        raise InputError(f"the header of {name} cannot be read: {header.detail}")
    return header.cells


def _batches(uri: str, name: str, described: ColumnsInput, size: int) -> Iterator[Rows]:
    header = _header(uri, name)
    columns = columns_to_read(header, described, name)
    rows, empty = _rows(uri), [""] * len(header)
    while some := list(islice(rows, size)):
        faults = {at: fault for at, row in enumerate(some) if (fault := _fault(row, len(header)))}
        cells = [row.cells if isinstance(row, Row) and at not in faults else empty for at, row in enumerate(some)]
        arrays = [pa.array([row[at] for row in cells], pa.string()) for at in map(header.index, columns)]
        yield table_rows(pa.record_batch(arrays, columns), [_place(row, uri, name) for row in some], faults, described)


def _fault(row: Row | Reject, fields: int) -> str:
    if isinstance(row, Reject):
        return row.detail
    return "" if len(row.cells) == fields else f"{len(row.cells)} fields where the header has {fields}"


def _place(row: Row | Reject, uri: str, name: str) -> str:
    if isinstance(row, Reject):
        return name + row.source.removeprefix(storage.file_name(uri))
    return f"{name}:{row.line}"
