"""Data sets as `import_dataset` writes them: all splits, one after the other."""

import hashlib
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ...data import storage
from ...data.dataset import Dataset
from ...data.items import SPLITS
from ...errors import InputError
from ...models.model_rows import model_rows
from ...models.series_windows import check_forecastable
from ...prediction.predictor import Predictor
from ..records import Record, Rows, Source
from .sources import RecordSource, RowSource

_SUMMARY = "dataset.json"


def is_dataset(location: str) -> bool:
    """Whether a folder is a data set."""
    return storage.exists(storage.join(location, _SUMMARY))


def open_dataset(location: str, model: Predictor) -> Source:
    """Opens a data set; one in Cloud Storage is copied first, without its images.

    Raises:
        InputError: it is not for such a model, or has no items.
    """
    dataset = _copied(location) if storage.is_remote(location) else Dataset.open(location)
    _check(dataset, location, model)
    count = sum(dataset.counts.values())
    rejects = [asdict(reject) for reject in dataset.rejects()]
    if dataset.task.is_image:
        return RecordSource(_digest(dataset), count, lambda: _records(dataset), rejects)
    described = model.input
    return RowSource(
        _digest(dataset), count, lambda size: map(Rows, model_rows(dataset, SPLITS, described, size)), rejects
    )


def _records(dataset: Dataset) -> Iterator[Record]:
    for split in SPLITS:
        for item in dataset.items(split):
            yield Record(item.id, item.source, "file", uri=item.uri, sha256=item.sha256)


def _check(dataset: Dataset, location: str, model: Predictor) -> None:
    if not sum(dataset.counts.values()):
        raise InputError(f"{location} has no items to predict")
    if dataset.task.is_image != (model.input["kind"] == "image"):
        raise InputError(f"{model.name} is a model for {model.task or 'images'}, but {location} is for {dataset.task}")
    if model.input["kind"] == "series":
        check_forecastable(dataset, model.input)
    if model.input["kind"] == "columns":
        known = {column.name for column in dataset.columns}
        absent = [column["name"] for column in model.input["columns"] if column["name"] not in known]
        if absent:
            raise InputError(f"{location} has no column {absent[0]!r}, which the model was trained on: add it")


def _copied(location: str) -> Dataset:
    """The data set in a folder of this machine, which is removed when nobody holds it any more."""
    room = tempfile.TemporaryDirectory(prefix="dataset-")
    for name in (*(f"items/{split}.parquet" for split in SPLITS), "rejects.jsonl", _SUMMARY):
        file = Path(room.name, name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(storage.read_bytes(storage.join(location, name)))
    dataset = Dataset.open(room.name)
    weakref.finalize(dataset, room.cleanup)
    return dataset


def _digest(dataset: Dataset) -> str:
    """SHA-256 over those of the item files."""
    digest = hashlib.sha256()
    for split in SPLITS:
        with (dataset.path / "items" / f"{split}.parquet").open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
