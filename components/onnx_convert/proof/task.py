"""Whether the ONNX file computes what its source computed, on the real data of the test split."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Task
from ...data.progress import Progress
from ...errors import InputError
from ...models import metrics
from ...models.model_rows import model_rows
from ...models.onnx_runner import OnnxRunner
from ...models.predictions import Prediction
from .task_metrics import metrics_of

# Largest difference of a probability or a normalised box edge; of a regression's value, relative to the largest value.
TOLERANCE = 1e-3
# Detections below this confidence do not have to be found again: which of them pass the threshold is a matter of
# the last bit.
LEAST_CONFIDENCE = 0.05
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


def compare(dataset: Dataset, task: Task, source: Mapping[str, Prediction], onnx: Mapping[str, Prediction]) -> Parity:
    """Compares two sets of predictions of the test split.

    Args:
        dataset: the data set, for the true labels.
        task: what the model predicts.
        source: the source's predictions by item id.
        onnx: the ONNX file's predictions by item id.

    Raises:
        InputError: there is no item to compare, or the two do not predict the same items.
    """
    if not source:
        raise InputError("the test split is empty: a model is proven on real data, give the data a test split")
    if source.keys() != onnx.keys():
        raise InputError("the model's predictions are not of this dataset's test split: train the model on it again")
    is_regression = task.predicts_numbers
    scale = (max(abs(_value(each)) for each in source.values()) if is_regression else 1.0) or 1.0
    differences = {
        identity: _as_number(_difference(task, source[identity], onnx[identity]) / scale) for identity in source
    }
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


def _difference(task: Task, source: Prediction, onnx: Prediction) -> float:
    if task.predicts_numbers:
        return abs(_value(source) - _value(onnx))
    if task is Task.OBJECT_DETECTION:
        return max(_unmatched(source, onnx), _unmatched(onnx, source))
    there = dict(_rows(onnx))
    return float(np.max([np.abs(confidence - there[label]) for label, confidence in _rows(source)]))


def _unmatched(one: Prediction, other: Prediction) -> float:
    """Largest distance of a confident detection of `one` from its match in `other`; 1 where there is none.

    Each is matched with another one, by label, confidence and box, and not by place, since near-equal scores swap
    places.
    """
    confident = [(label, values) for label, values in _rows(one) if values[0] >= LEAST_CONFIDENCE]
    candidates = list(_rows(other))
    if len(candidates) < len(confident):
        return 1.0
    far = np.ones((len(confident), len(candidates)))
    for row, (label, values) in enumerate(confident):
        same = [place for place, (name, _) in enumerate(candidates) if name == label]
        if same:
            far[row, same] = np.abs(values - np.array([candidates[place][1] for place in same])).max(axis=1)
    far = np.nan_to_num(far, nan=1.0)
    return float(far[linear_sum_assignment(far)].max(initial=0))


def _as_number(difference: float) -> float:
    """What is no number on either side counts as 1, as what is not found again does."""
    return difference if np.isfinite(difference) else 1.0


def _value(prediction: Prediction) -> float:
    if "value" not in prediction:
        raise TypeError("a prediction of a regression has a value")
    return prediction["value"]


def _rows(prediction: Prediction) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each label with its confidence and, of a detection, xMin, xMax, yMin, yMax."""
    if "value" in prediction:
        raise TypeError("a prediction of a regression has no labels")
    labelled = zip(prediction["displayNames"], prediction["confidences"], strict=True)
    for place, (label, confidence) in enumerate(labelled):
        box = prediction["bboxes"][place] if "bboxes" in prediction else []
        yield label, np.array([confidence, *box])


def _agree(before: float, after: float) -> bool:
    """Whether a metric is the same, or has no value for both."""
    return abs(before - after) <= METRIC_TOLERANCE * max(1.0, abs(before)) or (before != before and after != after)
