"""What is done about records that may have killed their worker.

A worker may die at any time, killed by the system when memory is short, or by a crash of a decoder under a hostile
image. Its shard is then predicted by a process of its own, and where that dies too, record by record, until it shows
which record it is.
"""

from collections.abc import Iterator

from loky.process_executor import BrokenProcessPool

from ..errors import InputError
from ..prediction.reading import Reading
from .material import Line, instance, line
from .pool import new_pool, opened
from .records import Chunk, Rows
from .shard import lines_of

# A process may also be killed by somebody else: once is no proof against a record.
_DEATHS = 3


def lines_apart(model: str, reading: Reading, chunk: Chunk) -> list[Line]:
    """The lines of a chunk, where an error line stands for each record that kills the process that predicts it.

    Args:
        model: path of it.
        reading: for an ONNX file alone, how it takes images.
        chunk: the records, none of them known to be guilty.

    Raises:
        RuntimeError: processes die without any record.
    """
    with _Process(model, reading) as process:
        if process.lines([], _DEATHS) is None:
            raise RuntimeError("worker processes die before they predict anything: is there memory for the model?")
        lines = process.lines(chunk, deaths=1)
        if lines is not None:
            return lines
        print("predict: a worker process died twice of one shard; its records are predicted one by one", flush=True)
        return [found for single in _singles(chunk) for found in process.lines(single, _DEATHS) or _guilty(single)]


class _Process:
    """One worker process, and another when it dies."""

    def __init__(self, model: str, reading: Reading) -> None:
        self._model, self._reading = model, reading
        self._pool = new_pool(1)

    def __enter__(self) -> "_Process":
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(kill_workers=True)

    def lines(self, chunk: Chunk, deaths: int) -> list[Line] | None:
        """The lines of a chunk; None when so many processes in turn died of it."""
        for _ in range(deaths):
            try:
                return self._pool.submit(_lines, self._model, self._reading, chunk).result()
            except BrokenProcessPool:
                self._pool.shutdown(kill_workers=True)
                self._pool = new_pool(1)
        return None


def _lines(model: str, reading: Reading, chunk: Chunk) -> list[Line]:
    return list(lines_of(opened(model, reading), chunk))


def _guilty(single: Chunk) -> list[Line]:
    error = InputError(
        f"the process that predicts it dies, {_DEATHS} times of {_DEATHS} (out of memory, or a crash under its "
        "content): look at this record by itself"
    )
    if isinstance(single, Rows):
        row = single.batch.to_pylist()[0]
        return [line(row.pop("__id__"), row, error)]
    return [line(record.key, instance(record), error) for record in single]


def _singles(chunk: Chunk) -> Iterator[Chunk]:
    for place in range(len(chunk)):
        if isinstance(chunk, Rows):
            faults = {0: chunk.faults[place]} if place in chunk.faults else {}
            yield Rows(chunk.batch.slice(place, 1), faults)
        else:
            yield chunk[place : place + 1]
