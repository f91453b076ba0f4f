"""What a LiteRT file answers to the inputs of the model that it was made of."""

from collections.abc import Iterator

import numpy as np

from ...models.columns import signature_names
from ...models.image_input import resized
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ..proof.batches import made_up, of_images
from ..smaller.samples import Sample, batches
from ..tensors import Run, Tensors
from .detection_op import OUTPUTS
from .job import Job
from .litert_file import LiteRTFile
from .litert_graph import PIXELS


def answer(job: Job, file: LiteRTFile, item: Tensors) -> Tensors:
    """The outputs for one item, given as the signature takes it.

    A picture is resized as the model resizes it, and boxes are cut off at its edges.
    """
    if not job.takes_images:
        return file(item)
    (picture,) = item.values()
    found = file({PIXELS: np.asarray(resized(picture, job.size))})
    if OUTPUTS[0] in found:
        found[OUTPUTS[0]] = np.clip(found[OUTPUTS[0]], 0, 1)
    return found


def predictions_of(job: Job, run: Run) -> dict[str, Prediction]:
    """What the model, or another form of it, predicts of the test split's labelled items, by id."""
    assert job.folder
    assert job.dataset
    return {
        identity: to_predictions(job.folder.task, job.folder.labels, run(item))[0]
        for identity, item in real_items(job, Sample.of(job.dataset, "test"), "measure")
    }


def real_items(job: Job, sample: Sample, what: str) -> Iterator[tuple[str, Tensors]]:
    """The items of a sample as the signature takes them, each by itself: (id, tensors)."""
    assert job.folder
    assert job.dataset
    described = job.folder.input
    names = signature_names(described["columns"]) if described["kind"] == "columns" else {}
    for batch in batches(job.folder, job.dataset, sample, what):
        tensors = {names.get(name, name): value for name, value in batch.tensors.items()}
        yield from zip(batch.ids, _one_by_one(tensors), strict=True)


def any_items(job: Job) -> Iterator[Tensors]:
    """Items for a model that nothing else is known of, each by itself: pictures of the data set, or made-up ones."""
    signature = job.model.signature
    for batch in of_images(job.dataset, signature) if job.dataset and job.has_real_items else made_up(signature):
        yield from _one_by_one(batch)


def _one_by_one(batch: Tensors) -> Iterator[Tensors]:
    """The items of a batch; an input without axes is the same for all of them."""
    count = max((len(value) for value in batch.values() if value.ndim), default=1)
    for place in range(count):
        yield {name: value[place : place + 1] if value.ndim else value for name, value in batch.items()}
