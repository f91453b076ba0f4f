"""The task's metric of a model of the user's, which nothing but its signature describes, and of its ONNX file."""

from itertools import islice

from ...data.dataset import Dataset
from ...data.progress import Progress
from ...errors import InputError
from ...models import metrics
from ...models.predictions import Prediction
from ..tensors import Run, Signature
from .reading import Read, Reading, readings
from .task import Parity, compare
from .task_metrics import metrics_of

# Batches that tell which way of reading the model is meant; of pictures there is one in a batch.
_TO_CHOOSE_BY = 64


def compare_runs(
    dataset: Dataset, source: Run, onnx: Run, signature: Signature, iou_threshold: float | None = None
) -> tuple[Parity, str]:
    """Predicts the test split with a model and with its ONNX file, and measures both.

    Args:
        dataset: with the test split.
        source: the model.
        onnx: the file, with the same names.
        signature: of both.
        iou_threshold: of a detector's suppression, where it is known.

    Returns:
        The comparison, and a sentence on how the model was read, since nobody has said so.

    Raises:
        InputError: the model's inputs or outputs are not those of the dataset's task, or the test split is empty.
    """
    reading, read = _best(dataset, source, readings(dataset, signature))
    progress = Progress("measure", "items", dataset.counts["test"])
    before: dict[str, Prediction] = {}
    after: dict[str, Prediction] = {}
    for identities, inputs in reading.items():
        for run, found in ((source, before), (onnx, after)):
            found.update(zip(identities, read(run(inputs)), strict=True))
        progress.advance(len(identities))
    return compare(dataset, dataset.task, before, after, iou_threshold), f"the metric takes it that {reading.sentence}"


def _best(dataset: Dataset, source: Run, ways: list[Reading]) -> tuple[Reading, Read]:
    """The way that answers the first items best, and how its outputs are read."""
    tried = []
    name = metrics.default_metric(dataset)
    for way in ways:
        first = [(identities, source(inputs)) for identities, inputs in islice(way.items(), _TO_CHOOSE_BY)]
        if not first:
            raise InputError("the test split is empty: a model is proven on real data, give the data a test split")
        read = way.reader([outputs for _, outputs in first])
        found: dict[str, Prediction] = {}
        for identities, outputs in first:
            found.update(zip(identities, read(outputs), strict=True))
        tried.append((way, read, metrics_of(dataset, "test", found)[name] if len(ways) > 1 else 0.0))
    best = tried[0]
    for each in tried[1:]:
        best = each if metrics.is_better(name, each[2], best[2]) else best
    return best[:2]
