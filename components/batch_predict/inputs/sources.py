"""An opened input: a stream of records or rows that can be begun again, cut into chunks of equal size."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import pyarrow as pa

from ..records import Record, Rows


@dataclass
class RecordSource:
    """An input of images; see `Source`.

    Attributes:
        records: begins a stream of them.
    """

    digest: str
    count: int
    records: Callable[[], Iterator[Record]]
    rejects: list[dict[str, Any]] = field(default_factory=list)
    unit: Literal["images", "rows"] = "images"

    def chunks(self, size: int) -> Iterator[list[Record]]:
        """Yields all records in order, `size` at a time."""
        records = self.records()
        return iter(lambda: list(islice(records, size)), [])


@dataclass
class RowSource:
    """A table; see `Source`.

    Attributes:
        batches: begins a stream of its rows, in batches of any size; takes the size that suits the caller.
    """

    digest: str
    count: int
    batches: Callable[[int], Iterable[Rows]]
    rejects: list[dict[str, Any]] = field(default_factory=list)
    unit: Literal["images", "rows"] = "rows"

    def chunks(self, size: int) -> Iterator[Rows]:
        """Yields all rows in order, `size` at a time."""
        waiting: list[Rows] = []
        for rows in self.batches(size):
            waiting.append(rows)
            while sum(map(len, waiting)) >= size:
                joined = _joined(waiting)
                yield _part(joined, 0, size)
                waiting = [_part(joined, size, len(joined))]
        if any(map(len, waiting)):
            yield _joined(waiting)


def _joined(parts: list[Rows]) -> Rows:
    faults, before = {}, 0
    for part in parts:
        faults |= {before + place: fault for place, fault in part.faults.items()}
        before += len(part)
    return Rows(pa.concat_batches([part.batch for part in parts]), faults)


def _part(rows: Rows, start: int, end: int) -> Rows:
    faults = {place - start: fault for place, fault in rows.faults.items() if start <= place < end}
    return Rows(rows.batch.slice(start, end - start), faults)
