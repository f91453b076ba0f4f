"""What the service reads: the requests, in files of bounded size, and a model that is on this machine.

STAGING/graduate/DIGEST/requests/NNNNN.jsonl   a line per record that is good so far
STAGING/graduate/DIGEST/faults/NNNNN.jsonl     a line {"key", "error"} per other record
STAGING/graduate/DIGEST/staged.json            written last: without it, all is written again
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ...data import storage
from ...data.progress import Progress
from ...data.threads import map_in_order
from ...errors import InputError
from ...prediction.answers import said
from ..records import Source
from .wording import Asked, Wording, asked

_FILE_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class Staged:
    """Requests in the staging bucket.

    Attributes:
        requests: how many there are.
        largest: bytes of the largest one.
        most_at_once: how many the model may be sent at once.
    """

    requests: int
    largest: int
    most_at_once: int = 64


def stage_requests(
    source: Source, wording: Wording, folder: str, size: int, is_wanted: Callable[[Asked], bool] = lambda _: True
) -> Staged:
    """Writes the requests, unless an earlier run has.

    Args:
        source: what is to be predicted.
        wording: how the model is asked.
        folder: gs:// URI, of this input and this model alone.
        size: records that are held at once.
        is_wanted: whether a record is to be predicted.

    Raises:
        OSError: the bucket may not be written to.
    """
    record = f"{folder}/staged.json"
    if storage.exists(record):
        print("stage: the requests are in the bucket from an earlier run", flush=True)
        return Staged(**json.loads(storage.read_bytes(record)))
    progress = Progress("stage", source.unit, source.count)
    good, bad = _Files(f"{folder}/requests"), _Files(f"{folder}/faults")
    for line, is_good in _lines(_asked(source, size, is_wanted), wording):
        (good if is_good else bad).add(line)
        progress.advance()
    good.flush()
    bad.flush()
    progress.finish()
    staged = Staged(good.lines, good.largest)
    storage.write_bytes(record, json.dumps(asdict(staged)).encode())
    return staged


def stage_model(files: list[Path], root: Path, folder: str) -> None:
    """Copies the files of a model to the bucket, those that are not there.

    Args:
        files: that its answers depend on.
        root: its folder; a file from elsewhere goes by its name.
        folder: gs:// URI, of this model alone.

    Raises:
        OSError: a file may not be read or written.
    """
    present = set(storage.list_files(folder))
    for file in files:
        name = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
        if (uri := f"{folder}/{name.as_posix()}") not in present:
            print(f"upload: {uri}, {file.stat().st_size / 1e6:,.1f} MB", flush=True)
            storage.upload(file, uri)


class _Files:
    """JSON lines in numbered files of about `_FILE_BYTES`.

    Attributes:
        lines: how many were added.
        largest: bytes of the largest one.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._waiting: list[bytes] = []
        self._size = self._files = 0
        self.lines = self.largest = 0

    def add(self, line: bytes) -> None:
        self._waiting.append(line)
        self._size += len(line)
        self.lines, self.largest = self.lines + 1, max(self.largest, len(line))
        if self._size >= _FILE_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            storage.write_bytes(f"{self._folder}/{self._files:05d}.jsonl", b"".join(self._waiting))
            self._waiting, self._size, self._files = [], 0, self._files + 1


def _asked(source: Source, size: int, is_wanted: Callable[[Asked], bool]) -> Iterator[Asked]:
    first = 0
    for chunk in source.chunks(size):
        yield from filter(is_wanted, asked(chunk, first))
        first += len(chunk)


def _lines(records: Iterable[Asked], wording: Wording) -> Iterator[tuple[bytes, bool]]:
    """Yields, in order, the line of each request, or of what is wrong with its record, and whether it is the former."""

    def line(each: Asked) -> tuple[bytes, bool]:
        try:
            said_of, is_good = wording.request(each), True
        except InputError as error:
            said_of, is_good = {"key": wording.mark(each), **said(error)}, False
        return orjson.dumps(said_of, option=orjson.OPT_APPEND_NEWLINE), is_good

    return map_in_order(line, records)
