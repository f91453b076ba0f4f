"""The files of results: written shard by shard, each file whole and once; read back line by line.

    prediction.results-NNNNN-of-NNNNN           a line {"key", "instance", "prediction"} per predicted record
    prediction.results-NNNNN-of-NNNNN.parquet   the same in columns, where asked for: `key`, `instance` (as JSON), and
                                                the fields of the prediction
    prediction.errors-NNNNN-of-NNNNN            a line {"key", "instance", "error": {"code", "message"}} per other one

https://docs.cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from ..data import storage
from ..data.items import Task
from ..errors import InputError
from ..prediction.answers import select
from .choices import ResultsFormat
from .material import Line

PREFIX = "prediction"


def fields_of(task: Task | None) -> tuple[str, ...]:
    """The fields of a model's predictions: the columns of Parquet, the same in every shard.

    Args:
        task: None for a model that answers tensors of which nobody knows what they mean.
    """
    if task is None:
        return ("outputs",)
    if task.predicts_numbers:
        return ("value",)
    return ("displayNames", "confidences", *(["bboxes"] if task is Task.OBJECT_DETECTION else []))


@contextmanager
def writing_to(place: str) -> Iterator[None]:
    """Turns what keeps a file of that name, or in that folder, from being written into a sentence.

    Raises:
        InputError: in place of an OSError, such as of a full disk.
        FileExistsError: as it is, see `storage.write_once`.
    """
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise InputError(f"{place} cannot be written: {error}; mend that, or give another place") from error


@dataclass(frozen=True)
class Results:
    """A folder of results; small enough to be sent to every worker.

    Attributes:
        folder: path or gs:// URI.
        shards: how many there are to be.
        fields: of a prediction, see `fields_of`.
        format: of the result files; errors are always JSON lines.
        confidence_threshold: labels and boxes less sure than this are left out; 0..1.
        max_predictions: the most of them that are kept, the surest; 0 for all.
    """

    folder: str
    shards: int
    fields: tuple[str, ...]
    format: ResultsFormat = "jsonl"
    confidence_threshold: float = 0.0
    max_predictions: int = 0

    def results_file(self, shard: int) -> str:
        """Result file of a shard; it is written after the error file."""
        suffix = ".parquet" if self.format == "parquet" else ""
        return storage.join(self.folder, f"{PREFIX}.results-{shard:05d}-of-{self.shards:05d}{suffix}")

    def errors_file(self, shard: int) -> str:
        """Error file of a shard."""
        return storage.join(self.folder, f"{PREFIX}.errors-{shard:05d}-of-{self.shards:05d}")

    def write(self, shard: int, lines: Iterable[Line]) -> int:
        """Writes both files of a shard. The same lines give the same bytes; written again, nothing changes.

        Args:
            shard: its number, from 0.
            lines: as `material.line` gives them, results and errors in the order of their records.

        Returns:
            The number of error lines.

        Raises:
            FileExistsError: a file of the shard is there with another content.
            InputError: it cannot be written.
        """
        errors: list[bytes] = []
        results = self._encoded(self._results(lines, errors))
        with writing_to(self.folder):
            storage.write_once(self.errors_file(shard), b"".join(errors))
            storage.write_once(self.results_file(shard), results)
        return len(errors)

    def finished(self) -> set[int]:
        """The shards of which both files are written.

        Raises:
            OSError: the folder may not be read.
        """
        there = set(storage.list_files(self.folder))
        return {shard for shard in range(self.shards) if {self.results_file(shard), self.errors_file(shard)} <= there}

    def contents(self, shard: int) -> tuple[bytes, bytes]:
        """The content of both files of a finished shard, for `lines`.

        Raises:
            OSError: one is missing or may not be read.
        """
        return storage.read_bytes(self.results_file(shard)), storage.read_bytes(self.errors_file(shard))

    def lines(self, results: bytes, errors: bytes) -> Iterator[Line]:
        """Yields the lines of a shard, results first."""
        if self.format == "parquet":
            from .parquet import from_parquet

            yield from from_parquet(results)
        else:
            yield from map(orjson.loads, results.splitlines())
        yield from map(orjson.loads, errors.splitlines())

    def read(self, shard: int) -> Iterator[Line]:
        """Yields the lines of a finished shard, results first.

        Raises:
            OSError: a file is missing or may not be read.
        """
        return self.lines(*self.contents(shard))

    def _results(self, lines: Iterable[Line], errors: list[bytes]) -> Iterator[Line]:
        """Yields what is kept of the results, and puts the errors aside; no line waits for another: some are long."""
        for line in lines:
            if "error" in line:
                errors.append(_encode(line))
            elif self.confidence_threshold or self.max_predictions:
                kept = select(line["prediction"], self.confidence_threshold, self.max_predictions)
                yield line | {"prediction": kept}
            else:
                yield line

    def _encoded(self, lines: Iterable[Line]) -> bytes:
        if self.format == "jsonl":
            return b"".join(map(_encode, lines))
        from .parquet import to_parquet

        return to_parquet(lines, self.fields)


def _encode(line: Line) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
