"""Drift among images: their looks, sizes and labels in another split than train."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.dataset import Dataset
from ...data.items import Task
from ..findings import Case, Finding, finding
from ..rules import RULES
from .changes import LATER, Change, categories_change, numbers_change, remarkable

_MEASURES = {
    "brightness": "brightness",
    "sharpness": "sharpness of edges",
    "entropy": "variety of colours",
    "size": "size in pixels",
    "aspect_ratio": "short side as a share of the long one",
}


def image_drift(data: Dataset, images: pa.Table) -> Iterator[Finding]:
    """Yields the finding of `drift` of an image data set: a case for what differs from train in another split.

    A difference must be both large and no chance.

    Args:
        data: any data set; only images are judged.
        images: from `measure_images`.
    """
    if not data.task.is_image:
        return
    found = remarkable(list(_changes(data, images)), RULES["drift"].threshold)
    cases = [Case("", "", split, f"{what}: {change.detail}") for (what, split), change in found]
    differing = len({what for (what, _), _ in found})
    message = f"{differing} of {len(_MEASURES) + 1} properties of the images are distributed otherwise than in train."
    yield from finding("drift", max((change.size for _, change in found), default=0.0), cases, message)


def _changes(data: Dataset, images: pa.Table) -> Iterator[tuple[tuple[str, str], Change]]:
    """Yields the property and the split of each comparison, with what it shows."""
    measured = images.to_pandas()
    train, labels = measured[measured["split"] == "train"], _labels(data, "train")
    for split in LATER:
        other, other_labels = measured[measured["split"] == split], _labels(data, split)
        if len(train) and len(other):
            for column, what in _MEASURES.items():
                change = numbers_change(train[column].to_numpy(), other[column].to_numpy(), ("train", split))
                yield (what, split), change
        if len(labels) and len(other_labels):
            counts = [_counts(data.labels, labels, len(train)), _counts(data.labels, other_labels, len(other))]
            yield ("labels", split), categories_change(np.array(counts), data.labels, ("train", split))


def _labels(data: Dataset, split: str) -> pa.Array:
    """The labels of a split: those of its boxes, or of its images."""
    if data.task is Task.OBJECT_DETECTION:
        return data.table(split, ["boxes"])["boxes"].combine_chunks().flatten().field("label")
    return data.table(split, ["labels"])["labels"].combine_chunks().flatten()


def _counts(labels: list[str], given: pa.Array, images: int) -> list[int]:
    """How often each label is given, and at last how often none of them.

    Boxes of one image are not drawn by chance each, so all of them together count no more than the images do.
    """
    places = pc.call_function("index_in", [given], pc.SetLookupOptions(pa.array(labels, pa.string())))
    counts = np.bincount(places.fill_null(len(labels)).to_numpy(), minlength=len(labels) + 1)
    return np.rint(counts * min(1.0, images / len(given))).astype(int).tolist()
