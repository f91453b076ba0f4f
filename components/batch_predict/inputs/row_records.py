"""Rows that come one by one: JSON objects and tf.train.Examples."""

from collections.abc import Mapping
from typing import Any

import orjson

from ...errors import InputError
from ...models.folder import ColumnsInput
from ...prediction import examples
from ...prediction.instances import row_of
from ...prediction.rows import typed_rows
from ..records import Record, Rows
from .listing import Listing
from .record_files import Reader, open_records
from .sources import RowSource
from .table_rows import named_rows


def open_rows(listing: Listing, described: ColumnsInput, reader: Reader) -> RowSource:
    """Opens files of rows, and counts them."""
    records = open_records(listing, reader)
    return RowSource(
        records.digest, records.count, lambda size: (_rows(chunk, described) for chunk in records.chunks(size))
    )


def _rows(records: list[Record], described: ColumnsInput) -> Rows:
    found: list[Mapping[str, Any]] = []
    faults: dict[int, str] = {}
    nothing = dict.fromkeys(column["name"] for column in described["columns"])
    for place, record in enumerate(records):
        try:
            found.append(_row(record, described))
        except InputError as error:
            found.append(nothing)
            faults[place] = str(error)
    batch, broken = typed_rows(found, described)
    faults |= {place: str(error) for place, error in broken.items()}
    return named_rows(batch, [record.key for record in records], [record.source for record in records], faults)


def _row(record: Record, described: ColumnsInput) -> Mapping[str, Any]:
    match record.form:
        case "json":
            return row_of(orjson.loads(record.payload))
        case "example":
            return examples.row(record.payload, described)
        case _:
            raise InputError(record.fault)
