"""Items of a dataset as a model takes them: to calibrate on, to choose on, to measure on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Task
from ...data.progress import Progress
from ...errors import InputError
from ...models import metrics
from ...models.columns import column_tensors
from ...models.folder import ModelFolder
from ...models.model_rows import model_rows
from ...models.series_windows import series_tensors
from ..tensors import Tensors

_ROWS = 1024  # in a call of a model of tables


@dataclass(frozen=True)
class Sample:
    """Some labelled items of one split.

    Attributes:
        split: which.
        ids: of the items.
    """

    split: str
    ids: list[str]

    @classmethod
    def of(cls, dataset: Dataset, split: str) -> "Sample":
        """All labelled items of a split."""
        if dataset.task is Task.OBJECT_DETECTION:
            return cls(split, [item.id for item in dataset.items(split)])
        return cls(split, list(metrics.truths(dataset, split)))

    def evenly(self, count: int) -> "Sample":
        """At most `count` of the items, evenly drawn over the split."""
        places = np.linspace(0, len(self.ids) - 1, min(count, len(self.ids))).round().astype(int)
        return Sample(self.split, [self.ids[place] for place in places])

    def described(self) -> str:
        """For people."""
        return f"{len(self.ids)} items of the {self.split} split"

    def halves(self) -> tuple["Sample", "Sample"]:
        """The items in turn."""
        return Sample(self.split, self.ids[::2]), Sample(self.split, self.ids[1::2])


@dataclass(frozen=True)
class Batch:
    """The inputs of one call, and the items' ids."""

    ids: list[str]
    tensors: Tensors


def batches(model: ModelFolder, dataset: Dataset, sample: Sample, what: str) -> Iterator[Batch]:
    """Yields the items of a sample as batch prediction calls the model: image by image, or many rows in a call.

    An image that cannot be read any more is set aside, as in training.

    Args:
        model: whose inputs it are.
        dataset: of the items.
        sample: which of them.
        what: the work, for the lines of progress.
    """
    progress = Progress(what, "items", len(sample.ids))
    found = _rows(model, dataset, sample) if model.input["kind"] != "image" else _images(model, dataset, sample)
    for batch in found:
        yield batch
        progress.advance(len(batch.ids))


def _images(model: ModelFolder, dataset: Dataset, sample: Sample) -> Iterator[Batch]:
    assert model.input["kind"] == "image"
    wanted = set(sample.ids)
    for item in dataset.items(sample.split):
        if item.id in wanted:
            try:
                yield Batch([item.id], {model.input["name"]: decode(read_image(item))[None]})
            except InputError as error:
                print(f"set aside: {error}", flush=True)


def _rows(model: ModelFolder, dataset: Dataset, sample: Sample) -> Iterator[Batch]:
    described = model.input
    assert described["kind"] != "image"
    wanted = set(sample.ids)
    for rows in model_rows(dataset, [sample.split], described, _ROWS):
        chosen = rows.filter(pa.array(identity in wanted for identity in rows.column("__id__").to_pylist()))
        if chosen.num_rows:
            is_series = described["kind"] == "series"
            tensors = series_tensors(chosen, described) if is_series else column_tensors(chosen, described["columns"])
            yield Batch(chosen.column("__id__").to_pylist(), tensors)
