"""What one model scores on the test split: its metrics, and its main metric again on any resample of the items."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from ..data.dataset import Dataset
from ..data.items import Item, Task
from ..errors import InputError
from ..models.bootstrap import affordable_resamples
from ..models.detection_metrics import DetectionEvaluation, detection_metrics
from ..models.metrics import confusion, measure, truths
from ..models.multi_label_metrics import f1_per_item, has_several_labels, matrices, resampled_multi_label
from ..models.predictions import Prediction

SPLIT = "test"


class Scores(Protocol):
    """One model on the measured items, in an order that is the same for every model.

    Attributes:
        count: number of measured items.
        resamples: how many bootstrap samples are affordable.
        metrics: name to value.
        per_label_name: what `per_label` measures.
        per_label: label to value in 0..1, higher is better; empty for regression.
    """

    count: int
    resamples: int
    metrics: dict[str, float]
    per_label_name: str
    per_label: dict[str, float]

    def resampled(self, places: NDArray[np.integer]) -> float:
        """The task's main metric of the items at these places, int [count] with repeats."""
        ...


def scores(dataset: Dataset, labels: Sequence[str], predictions: Mapping[str, Prediction]) -> Scores:
    """Scores of a model's predictions on the test split.

    Args:
        dataset: the data set.
        labels: the model's labels.
        predictions: by item id, of every test item.

    Raises:
        InputError: there is nothing to measure on.
    """
    if dataset.task is Task.OBJECT_DETECTION:
        return DetectionScores(list(dataset.items(SPLIT)), predictions, dataset.labels)
    truth = truths(dataset, SPLIT)
    if not truth:
        raise InputError(f"{dataset.path}: no item of the test split has a label, so there is nothing to compare on")
    metrics = measure(dataset.task, labels, truth, predictions.items())
    if dataset.task.predicts_numbers:
        return RegressionScores(truth, predictions, metrics)
    if has_several_labels(truth):
        return MultiLabelScores(truth, predictions, metrics, labels)
    return ClassificationScores(truth, predictions, metrics)


class DetectionScores:
    """Average precision; the main metric is AP50."""

    resamples = 200
    per_label_name = "AP50"

    def __init__(self, items: Sequence[Item], predictions: Mapping[str, Prediction], labels: Sequence[str]) -> None:
        self.items, self.predictions = items, predictions
        self.count = len(items)
        self.metrics = detection_metrics(items, predictions, labels)
        self.evaluation = DetectionEvaluation(items, predictions, labels, iou_thresholds=[0.5])
        self.per_label = self.evaluation.ap50_per_label()

    def resampled(self, places: NDArray[np.integer]) -> float:
        return self.evaluation.resampled(np.bincount(places, minlength=self.count))["ap50"]


class ClassificationScores:
    """Classification by the most probable label; the main metric is the accuracy."""

    resamples = 1000
    per_label_name = "F1"

    def __init__(self, truth: Mapping[str, Any], predictions: Mapping[str, Any], metrics: dict[str, float]) -> None:
        self.ids, self.truth, self.metrics = list(truth), [str(label) for label in truth.values()], metrics
        self.count = len(self.ids)
        self.chosen = [predictions[identity]["displayNames"][0] for identity in self.ids]
        self.true_probability = np.array([_confidence(predictions[key], label) for key, label in truth.items()])
        self.correct = np.array(self.truth) == np.array(self.chosen)
        self.confusion = confusion(truth, predictions)
        counts = np.array(self.confusion["counts"])
        # Each of these labels is true or predicted somewhere, so none of the sums is 0.
        f1 = 2 * counts.diagonal() / (counts.sum(axis=0) + counts.sum(axis=1))
        self.per_label = dict(zip(self.confusion["labels"], f1.tolist(), strict=True))

    def resampled(self, places: NDArray[np.integer]) -> float:
        return float(self.correct[places].mean())


class MultiLabelScores:
    """Classification into several labels; the main metric is the mean average precision."""

    per_label_name = "Average precision"

    def __init__(
        self, truth: Mapping[str, Any], predictions: Mapping[str, Any], metrics: dict[str, float], labels: Sequence[str]
    ) -> None:
        self.ids, self.truth, self.predictions, self.metrics = list(truth), truth, predictions, metrics
        self.count = len(self.ids)
        given, probabilities = matrices(labels, truth, predictions)
        self.f1 = f1_per_item(given, probabilities)
        self.resamples = affordable_resamples(given.size)
        self._resampled = resampled_multi_label(given, probabilities)
        columns = zip(labels, given.T, probabilities.T, strict=False)
        self.per_label = {name: float(average_precision_score(has, said)) for name, has, said in columns if has.any()}

    def resampled(self, places: NDArray[np.integer]) -> float:
        return self._resampled(np.bincount(places, minlength=self.count).astype(float))["map"]


class RegressionScores:
    """Regression; the main metric is the root mean squared error."""

    resamples = 1000
    per_label_name = ""

    def __init__(self, truth: Mapping[str, Any], predictions: Mapping[str, Any], metrics: dict[str, float]) -> None:
        self.metrics, self.per_label, self.count = metrics, {}, len(truth)
        self.truth = np.array(list(truth.values()), dtype=float)
        self.predicted = np.array([predictions[identity]["value"] for identity in truth], dtype=float)
        self._squared_errors = (self.predicted - self.truth) ** 2

    def resampled(self, places: NDArray[np.integer]) -> float:
        return float(np.sqrt(self._squared_errors[places].mean()))


def _confidence(prediction: Mapping[str, Any], label: Any) -> float:
    return dict(zip(prediction["displayNames"], prediction["confidences"], strict=True)).get(str(label), 0.0)
