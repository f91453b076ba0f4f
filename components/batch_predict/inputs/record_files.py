"""Files that hold records one after the other."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from ...data.progress import Progress
from ..records import Record
from .listing import Listing
from .sources import RecordSource


@dataclass(frozen=True)
class Reader:
    """How one kind of file is read; both functions take its URI.

    Attributes:
        counted: yields anything for each record, at the least cost.
        records: yields the records; takes the file's name too, by which they are called.
    """

    counted: Callable[[str], Iterable[object]]
    records: Callable[[str, str], Iterator[Record]]


def open_records(listing: Listing, reader: Reader) -> RecordSource:
    """Opens files of one kind, and counts their records."""
    return RecordSource(
        listing.digest,
        count_records(listing, reader.counted),
        lambda: chain.from_iterable(reader.records(uri, name) for name, uri in listing),
    )


def count_records(listing: Listing, counted: Callable[[str], Iterable[object]]) -> int:
    """How many records the files have, as `Reader.counted` yields them; shows progress."""
    progress, count = Progress("count", "records"), 0
    for _, uri in listing:
        for _ in counted(uri):
            count += 1
            progress.advance()
    return count
