"""Lines of a file, however long they are."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from ...data import storage
from ...prediction.instances import MAX_RECORD_BYTES


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number, counted from 1, and its content, or what is wrong with it."""

    number: int
    content: bytes
    fault: str = ""


def lines_of(uri: str) -> Iterator[Line]:
    """Yields the lines that are not blank, without white space around them or a byte order mark before the first.

    Raises:
        OSError: the file cannot be opened.
    """
    with storage.open_binary(uri) as file:
        for number, text in enumerate(iter(partial(file.readline, MAX_RECORD_BYTES + 1), b""), 1):
            if len(text) > MAX_RECORD_BYTES:
                _pass_over(file, text)
                yield Line(number, b"", f"the line is longer than {MAX_RECORD_BYTES:,} bytes")
                continue
            if number == 1:
                text = text.removeprefix(codecs.BOM_UTF8)
            if content := text.strip():
                yield Line(number, content)


def _pass_over(file: BinaryIO, text: bytes) -> None:
    """Reads on to the end of a line."""
    while text and not text.endswith(b"\n"):
        text = file.readline(MAX_RECORD_BYTES)
