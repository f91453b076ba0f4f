"""The rows of a CSV file, whatever its bytes: what is not a row is rejected by line, and the rest goes on."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from .. import storage
from ..items import Reject


class Row(NamedTuple):
    """One row: the line on which it starts, counted from 1, and its cells."""

    line: int
    cells: list[str]


def csv_rows(uri: str) -> Iterator[Row | Reject]:
    """Yields the rows of a comma-separated file (RFC 4180), and a reject for each that cannot be read.

    Empty lines are passed over; a byte order mark and any kind of line end are understood. A row is rejected when its
    quotes do not match or when it is not UTF-8.

    Raises:
        OSError: the file cannot be opened.
    """
    name = storage.file_name(uri)
    # Bytes that are not UTF-8 pass as lone surrogates, so that they spoil their own row only.
    with io.TextIOWrapper(storage.open_binary(uri), encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Reject(_place(name, line, reader.line_num), "", "bad_row", f"not readable as CSV: {error}")
                continue
            if not _is_utf8(cells):
                yield Reject(_place(name, line, reader.line_num), "", "bad_row", "not UTF-8")
            elif len(cells) > 1 or (cells and cells[0].strip()):
                yield Row(line, cells)


def _place(name: str, first: int, last: int) -> str:
    return f"{name}:{first}" if last <= first else f"{name}:{first}-{last}"


def _is_utf8(cells: list[str]) -> bool:
    """Whether no byte had to pass as a lone surrogate."""
    text = "".join(cells)
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)
