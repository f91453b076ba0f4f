"""The local engine: one single-threaded worker process per core, each doing everything for its shard.

When a worker dies, the shards that were under way are predicted anew, see `apart`.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from types import TracebackType
from typing import Self

from loky.process_executor import BrokenProcessPool

from ..data.progress import Progress
from ..errors import InputError
from ..prediction.reading import Reading
from .apart import lines_apart
from .job import Job
from .pool import new_pool, opened
from .records import Chunk, Record, Rows
from .results import Results
from .shard import lines_of

# Of records that wait for a worker, beyond one shard; what else memory holds does not grow with the input.
_MAX_WAITING_BYTES = 64 * 2**20


def predict_on_workers(job: Job, workers: int) -> None:
    """Predicts what is to do, on this machine.

    Args:
        job: the batch.
        workers: processes.

    Raises:
        InputError: the model cannot be loaded, results cannot be written, or a shard that a killed run has begun has
            other errors now.
        StorageUnavailableError: Cloud Storage did not answer; what is finished stays.
    """
    try:
        with _Workers(job, workers) as crew:
            for shard, chunk in job.chunks():
                crew.add(shard, chunk)
            crew.finish()
    except FileExistsError as error:
        raise InputError(
            f"{error}: something has changed since a run that was killed wrote it; remove it and run again"
        ) from error


class _Workers:
    """Predicts shards in processes, few of them ahead, so that memory does not grow with the input."""

    def __init__(self, job: Job, workers: int) -> None:
        self._job = job
        self._count = min(workers, job.plan.shards - len(job.finished))
        self._pool = new_pool(self._count)
        self._running: dict[Future[int], tuple[int, Chunk]] = {}
        self._waiting_bytes = 0
        self._errors = 0
        self._progress = Progress("predict", job.source.unit, job.to_do)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error nobody wants what the others are at.
        self._pool.shutdown(kill_workers=kind is not None)

    def add(self, shard: int, chunk: Chunk) -> None:
        """Has a shard predicted as soon as a worker is free; waits while enough others are ahead of it."""
        while len(self._running) >= 2 * self._count or self._waiting_bytes > _MAX_WAITING_BYTES:
            self._collect()
        self._waiting_bytes += _size(chunk)
        try:
            future = self._pool.submit(
                _write_shard, self._job.local_model, self._job.reading, self._job.results, shard, chunk
            )
        except BrokenProcessPool as error:
            future = Future[int]()
            future.set_exception(error)
        self._running[future] = (shard, chunk)

    def finish(self) -> None:
        """Waits for all shards."""
        while self._running:
            self._collect()
        self._progress.finish()

    def _collect(self) -> None:
        """Waits for some shards, and predicts apart those whose worker may have died of them."""
        ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
        if not any(isinstance(future.exception(), BrokenProcessPool) for future in ended):
            for future in ended:
                self._count_shard(*self._running.pop(future), future.result())
            return
        # All that were under way fail together, and which of them was to blame nobody says.
        wait(self._running)
        self._pool.shutdown(kill_workers=True)
        under_way, self._running = self._running, {}
        for future, (shard, chunk) in under_way.items():
            is_lost = isinstance(future.exception(), BrokenProcessPool)
            self._count_shard(shard, chunk, self._write_apart(shard, chunk) if is_lost else future.result())
        self._pool = new_pool(self._count)

    def _count_shard(self, shard: int, chunk: Chunk, errors: int) -> None:
        self._waiting_bytes -= _size(chunk)
        self._errors += errors
        self._progress.advance(self._job.plan.size(shard), note=f"{self._errors:,} errors")

    def _write_apart(self, shard: int, chunk: Chunk) -> int:
        return self._job.results.write(shard, lines_apart(self._job.local_model, self._job.reading, chunk))


def _write_shard(model: str, reading: Reading, results: Results, shard: int, chunk: Chunk) -> int:
    """Predicts a shard and writes both of its files; returns the number of error lines."""
    return results.write(shard, lines_of(opened(model, reading), chunk))


def _size(chunk: Chunk) -> int:
    return chunk.batch.nbytes if isinstance(chunk, Rows) else _payload(chunk)


def _payload(records: Iterable[Record]) -> int:
    return sum(len(record.payload) for record in records)
