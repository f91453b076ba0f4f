"""The shard plan: which inputs go to which result file. It is pinned before the first prediction.

The plan depends on the inputs and the model alone, never on the number of workers, so any run writes the same
files. A finished shard is a result file in place; a run that was killed goes on with the others.
"""

import fcntl
import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

from ..data import storage
from ..errors import InputError
from ..prediction.predictor import Predictor
from ..prediction.reading import Reading
from .choices import ResultsFormat
from .records import Source
from .results import PREFIX, writing_to

FILE = "plan.json"
MAX_SHARDS = 10_000
_WRITTEN = (f"{PREFIX}.*", FILE, "page.html", "summary.json")
_SMALLEST = {"images": 32, "rows": 10_000}


@dataclass(frozen=True)
class Plan:
    """What a folder of results holds, or will.

    Attributes:
        model_digest: SHA-256 of the model and of how it is called.
        inputs_digest: SHA-256 of the list of the inputs.
        inputs: number of records.
        shard_size: records per shard; the last one may hold fewer.
        results_format: of the result files.
        confidence_threshold: of what is kept of a prediction.
        max_predictions: the same.
    """

    model_digest: str
    inputs_digest: str
    inputs: int
    shard_size: int
    results_format: ResultsFormat = "jsonl"
    confidence_threshold: float = 0.0
    max_predictions: int = 0

    @property
    def shards(self) -> int:
        """Number of shards."""
        return math.ceil(self.inputs / self.shard_size)

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()

    def size(self, shard: int) -> int:
        """Number of records in a shard."""
        return min(self.shard_size, self.inputs - shard * self.shard_size)


def shard_size(source: Source) -> int:
    """Records per shard: few, as a killed run repeats what was not finished, unless there were too many files."""
    return max(_SMALLEST[source.unit], math.ceil(source.count / MAX_SHARDS))


def digest_of(predictor: Predictor, reading: Reading) -> str:
    """SHA-256 of what predictions depend on but the records: the model's files, and how it takes images."""
    # The file of the labels is one of the model's, and where it is does not matter.
    digest = hashlib.sha256(json.dumps(asdict(reading) | {"labels": ""}).encode())
    for path in predictor.files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@contextmanager
def pinned(plan: Plan, folder: str) -> Iterator[None]:
    """Holds a folder for this plan, and one of this machine for this process too, where another could half-write.

    Raises:
        InputError: the folder holds other results than this plan's, cannot be written, or another process writes to it.
    """
    if storage.is_remote(folder):
        _pin(plan, folder)
        yield
        return
    here = Path(folder)
    with _lock_file(here) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another run is writing to {folder}: wait for it, or give another folder") from None
        _pin(plan, folder)
        yield
        for half_written in chain.from_iterable(here.glob(f".{name}-*") for name in _WRITTEN):
            shutil.rmtree(half_written, ignore_errors=True)


def _lock_file(folder: Path) -> TextIO:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"the output {folder} is a file: give a folder")
    with writing_to(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / ".lock").open("w")


def _pin(plan: Plan, folder: str) -> None:
    try:
        with writing_to(folder):
            _check_no_others(folder)
            storage.write_once(storage.join(folder, FILE), (json.dumps(asdict(plan), indent=2) + "\n").encode())
    except FileExistsError:
        raise InputError(
            f"{folder} holds predictions of other inputs or of another model, or in another form: give another folder"
        ) from None


def _check_no_others(folder: str) -> None:
    """Refuses result files of which no plan says what they are of: they would be taken for finished shards."""
    names = {storage.relative_name(uri, folder) for uri in storage.list_files(folder)}
    others = sorted(name for name in names if name.startswith(f"{PREFIX}."))
    if others and FILE not in names:
        raise InputError(f"{folder} holds {others[0]}, and no {FILE} that says of what: give another folder")
