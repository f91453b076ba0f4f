"""The task's metric of a model of the user's, which nothing but its signature describes, and of its ONNX file."""

from itertools import islice

from ...data.dataset import Dataset
from ...data.progress import Progress
from ...models import metrics
from ...models.predictions import Prediction
from ..tensors import Run, Signature
from .reading import Reading, readings
from .task import Parity, compare
from .task_metrics import metrics_of

# Batches that tell which way of reading the model is meant; of pictures there is one in a batch.
_TO_CHOOSE_BY = 64


def compare_runs(dataset: Dataset, source: Run, onnx: Run, signature: Signature) -> tuple[Parity, str]:
    """Predicts the test split with a model and with its ONNX file, and measures both.

    Args:
        dataset: with the test split.
        source: the model.
        onnx: the file, with the same names.
        signature: of both.

    Returns:
        The comparison, and a sentence on how the model was read, since nobody has said so.

    Raises:
        InputError: the model's inputs or outputs are not those of the dataset's task, or the test split is empty.
    """
    reading = _best(dataset, source, readings(dataset, signature))
    progress = Progress("measure", "items", dataset.counts["test"])
    before: dict[str, Prediction] = {}
    after: dict[str, Prediction] = {}
    for identities, inputs in reading.items():
        for run, found in ((source, before), (onnx, after)):
            found.update(zip(identities, reading.predictions(run(inputs)), strict=True))
        progress.advance(len(identities))
    return compare(dataset, dataset.task, before, after), f"the metric takes it that {reading.sentence}"


def _best(dataset: Dataset, source: Run, ways: list[Reading]) -> Reading:
    """The way that answers the first items best."""
    best, best_value = ways[0], None
    name = metrics.default_metric(dataset)
    for way in ways if len(ways) > 1 else ():
        found: dict[str, Prediction] = {}
        for identities, inputs in islice(way.items(), _TO_CHOOSE_BY):
            found.update(zip(identities, way.predictions(source(inputs)), strict=True))
        value = metrics_of(dataset, "test", found)[name]
        if best_value is None or metrics.is_better(name, value, best_value):
            best, best_value = way, value
    return best
