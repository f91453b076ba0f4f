"""Faults of texts."""

from collections.abc import Iterator

from .planting import Planted
from .rows import Rows


def empty_text(rows: Rows) -> Iterator[Planted]:
    """Takes texts away."""
    for place in rows.victims.take(rows.victims.few):
        rows.cells.loc[place, rows.text] = ""
        yield Planted("empty_text", (place + 1,))


def bad_encoding(rows: Rows) -> Iterator[Planted]:
    """Reads the UTF-8 of texts, whose letters e are given an accent, as Windows-1252."""
    for place in rows.victims.take(rows.victims.few, lambda place: "e" in rows.cells.loc[place, rows.text]):
        accented = str(rows.cells.loc[place, rows.text]).replace("e", "é")
        rows.cells.loc[place, rows.text] = accented.encode().decode("cp1252", errors="replace")
        yield Planted("bad_encoding", (place + 1,))
