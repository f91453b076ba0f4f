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
from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import SPLITS
from ..data.storage import write_atomically
from ..errors import InputError
from ..models.folder import ModelFolder

MAX_SHARDS = 1000
_IMAGES_PER_SHARD = 32
_ROWS_PER_SHARD = 10_000
_PREFIX = "prediction"


@dataclass(frozen=True)
class Plan:
    """What a folder of results holds, or will.

    Attributes:
        model_digest: SHA-256 of model.json and model.onnx.
        inputs_digest: SHA-256 of the item files.
        inputs: number of items.
        shard_size: items per shard; the last one may hold fewer.
    """

    model_digest: str
    inputs_digest: str
    inputs: int
    shard_size: int

    @property
    def shards(self) -> int:
        """Number of shards."""
        return math.ceil(self.inputs / self.shard_size)

    def size(self, shard: int) -> int:
        """Number of items in a shard."""
        return min(self.shard_size, self.inputs - shard * self.shard_size)

    def results(self, folder: Path, shard: int) -> Path:
        """Result file of a shard; it is written after the error file, so where it exists the shard is finished."""
        return folder / f"{_PREFIX}.results-{shard:05d}-of-{self.shards:05d}"

    def errors(self, folder: Path, shard: int) -> Path:
        """Error file of a shard."""
        return folder / f"{_PREFIX}.errors-{shard:05d}-of-{self.shards:05d}"


def plan_of(model: ModelFolder, dataset: Dataset) -> Plan:
    """The plan for predicting all splits of a data set, in their order."""
    inputs = sum(dataset.counts.values())
    smallest = _IMAGES_PER_SHARD if dataset.task.is_image else _ROWS_PER_SHARD
    return Plan(
        model_digest=_digest(model.path / "model.json", model.onnx),
        inputs_digest=_digest(*(dataset.path / "items" / f"{split}.parquet" for split in SPLITS)),
        inputs=inputs,
        shard_size=max(smallest, math.ceil(inputs / MAX_SHARDS)),
    )


@contextmanager
def pinned(plan: Plan, folder: Path) -> Iterator[None]:
    """Holds the folder for this plan and this process, and clears what a killed run left half-written.

    Raises:
        InputError: the folder holds another plan's results, or another process is writing to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another run is writing to {folder}: wait for it, or give another folder") from None
        _pin(plan, folder / "plan.json")
        for half_written in folder.glob(f".{_PREFIX}.*"):
            shutil.rmtree(half_written)
        yield


def _pin(plan: Plan, file: Path) -> None:
    if not file.exists():
        with write_atomically(file) as aside:
            aside.write_text(json.dumps(asdict(plan), indent=2) + "\n", encoding="utf-8")
    elif json.loads(file.read_text(encoding="utf-8")) != asdict(plan):
        raise InputError(f"{file.parent} holds predictions of other inputs or of another model: give another folder")


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
