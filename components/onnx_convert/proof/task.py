"""Whether the ONNX file computes what its source computed, on the real data of the test split."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Task
from ...data.progress import Progress
from ...errors import InputError
from ...models import metrics
from ...models.model_rows import model_rows
from ...models.onnx_runner import OnnxRunner
from ...models.predictions import Prediction
from .differences import TOLERANCE, differences_of
from .task_metrics import metrics_of

METRIC_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Parity:
    """The proof, or its failure.

    Attributes:
        proven: whether every item agrees within the tolerance, and the metric too.
        items: how many items of the test split were compared.
        max_abs_difference: the largest difference found, in the units of `tolerance`; what was not found again, or is
            no number, counts as 1.
        mean_abs_difference: the mean over items of their largest difference.
        tolerance: `TOLERANCE`.
        departing: ids of the items beyond the tolerance, at most ten.
        metric: the data set's main metric.
        metric_source: of the source's predictions.
        metric_onnx: of the ONNX file's predictions.
        metrics_source, metrics_onnx: all metrics of the task, by name.
    """

    proven: bool
    items: int
    max_abs_difference: float
    mean_abs_difference: float
    tolerance: float
    departing: list[str]
    metric: str
    metric_source: float
    metric_onnx: float
    metrics_source: dict[str, float]
    metrics_onnx: dict[str, float]

    @property
    def reason(self) -> str:
        """What departs, in a sentence."""
        return (
            f"{self.metric} is {self.metric_onnx:.4f} in ONNX against {self.metric_source:.4f}; the largest difference "
            f"of predictions is {self.max_abs_difference:.2g}, {self.tolerance:g} is tolerated; departing items: "
            + (", ".join(self.departing) or "none")
        )

    def as_json(self) -> dict[str, object]:
        """The fields by name."""
        return asdict(self)


def compare(
    dataset: Dataset,
    task: Task,
    source: Mapping[str, Prediction],
    onnx: Mapping[str, Prediction],
    iou_threshold: float | None = None,
) -> Parity:
    """Compares two sets of predictions of the test split.

    Args:
        dataset: the data set, for the true labels.
        task: what the model predicts.
        source: the source's predictions by item id.
        onnx: the ONNX file's predictions by item id.
        iou_threshold: of a detector's suppression, where it is known: what is near to it may go either way.

    Raises:
        InputError: there is no item to compare, or the two do not predict the same items.
    """
    if not source:
        raise InputError("the test split is empty: a model is proven on real data, give the data a test split")
    if source.keys() != onnx.keys():
        raise InputError("the model's predictions are not of this dataset's test split: train the model on it again")
    differences = differences_of(task, source, onnx, iou_threshold)
    departing = [identity for identity, difference in differences.items() if difference > TOLERANCE]
    name = metrics.default_metric(dataset)
    before, after = (metrics_of(dataset, "test", each) for each in (source, onnx))
    return Parity(
        proven=not departing and all(_agree(before[each], after[each]) for each in before),
        items=len(differences),
        max_abs_difference=max(differences.values()),
        mean_abs_difference=float(np.mean(list(differences.values()))),
        tolerance=TOLERANCE,
        departing=departing[:10],
        metric=name,
        metric_source=before[name],
        metric_onnx=after[name],
        metrics_source=before,
        metrics_onnx=after,
    )


def predict_test_split(runner: OnnxRunner, dataset: Dataset) -> Iterator[tuple[str, Prediction]]:
    """The ONNX file's predictions: (item id, prediction)."""
    progress = Progress("prove", "items", dataset.counts["test"])
    described = runner.folder.input
    if described["kind"] == "image":
        for item in dataset.items("test"):
            yield item.id, runner.predict_images([decode(read_image(item))])[0]
            progress.advance()
        return
    for batch in model_rows(dataset, ["test"], described, rows=1024):
        yield from zip(batch.column("__id__").to_pylist(), runner.predict_rows(batch), strict=True)
        progress.advance(batch.num_rows)


def _agree(before: float, after: float) -> bool:
    """Whether a metric is the same, or has no value for both."""
    return abs(before - after) <= METRIC_TOLERANCE * max(1.0, abs(before)) or (before != before and after != after)
