"""Files in Cloud Storage, read and written as the service reads and writes those of its users."""

import csv
import fnmatch
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from ..components.data import storage
from .errors import invalid, not_now


def read(uri: str) -> bytes:
    """The content of a file.

    Raises:
        ApiError: there is none, or it may not be read.
    """
    try:
        return storage.read_bytes(uri)
    except OSError as error:
        raise invalid(f"Cannot read {uri}: {error}") from None


def texts(uris: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(URI, content) of text files; `*` in a URI stands for anything.

    Raises:
        ApiError: one is missing or not in UTF-8.
    """
    for uri in uris:
        folder = uri.partition("*")[0].rpartition("/")[0]
        found = fnmatch.filter(storage.list_files(folder), uri) if "*" in uri else [uri]
        for file in found:
            try:
                yield file, read(file).decode("utf-8-sig")
            except UnicodeDecodeError:
                raise invalid(f"{file} is not in UTF-8.") from None


def rows(uris: Iterable[str]) -> list[dict[str, str]]:
    """The rows of CSV files as one table; all have the same header, which those after the first may leave out.

    Raises:
        ApiError: a file is missing, or a row has more or fewer fields than the header.
    """
    table: list[dict[str, str]] = []
    header: list[str] = []
    for uri, text in texts(sorted(uris)):
        lines = [line for line in csv.reader(io.StringIO(text)) if line]
        for number, line in enumerate(lines, 1):
            header = header or line
            if line == header:
                continue
            if len(line) != len(header):
                raise invalid(f"{uri}, line {number}: {len(line)} fields where the header has {len(header)}.")
            table.append(dict(zip(header, line, strict=True)))
    return table


def write(uri: str, content: str) -> None:
    """Writes a file.

    Raises:
        ApiError: the bucket is missing, or may not be written to.
    """
    try:
        storage.write_bytes(uri, content.encode())
    except OSError as error:
        raise not_now(f"Cannot write {uri}: {error}") from None


def write_lines(uri: str, lines: Iterable[Any]) -> None:
    """Writes a file of JSON lines."""
    write(uri, "".join(json.dumps(line) + "\n" for line in lines))
