"""Metrics of a model on the test split, each with the interval in which the choice of test items leaves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.items import Task
from .bootstrap import affordable_resamples, interval, samples
from .detection_metrics import DetectionEvaluation
from .folder import ModelFolder
from .metrics import label_codes, measure, truths
from .multi_label_metrics import has_several_labels, matrices, resampled_multi_label
from .predictions import Prediction, to_probabilities
from .resampled_metrics import Resampled, resampled_classification, resampled_regression


def measure_on_test(model: ModelFolder, dataset: Dataset, answers: Mapping[str, Prediction]) -> None:
    """Sets a model's `metrics` and `metric_intervals` from its predictions of the test split.

    The intervals are 95 % percentile bootstrap intervals over test items, see `bootstrap`: 1,000 resamples, down to 100
    where the split is so large that they would take more than seconds. The items are rows, also where the rows of one
    series or group stand together, which then are resampled one by one: their intervals are too narrow where what is
    hard in one row is hard in its neighbours. In detection they are images with all their boxes (cluster bootstrap). A
    single item has no interval, nor has a metric that no resample defines.

    Args:
        model: changed in place, not saved; its seed is also that of the resamples.
        dataset: that it was trained on.
        answers: predictions of the test split, by item id.

    Raises:
        InputError: an item has no prediction, or no item is labelled.
    """
    if model.task is Task.OBJECT_DETECTION and not dataset.counts["test"]:
        model.metrics, model.metric_intervals = {}, {}
        return
    measured = measure_split(dataset, "test", model.labels, answers)
    model.metrics = measured.metrics
    model.metric_intervals = _intervals(measured, model.seed)


@dataclass(frozen=True)
class Measured:
    """Metrics of a split's items, and what it takes to measure them again on other choices of the items.

    Attributes:
        metrics: name to value.
        resampled: the metrics on a sample of the items.
        count: how many items are measured.
        cells: how many numbers a sample visits.
    """

    metrics: dict[str, float]
    resampled: Resampled
    count: int
    cells: int


def measure_split(dataset: Dataset, split: str, labels: Sequence[str], answers: Mapping[str, Prediction]) -> Measured:
    """Measures predictions of a split.

    Args:
        dataset: with the true labels.
        split: which.
        labels: of the model, in its order; empty for regression.
        answers: predictions of the split, by item id.

    Raises:
        InputError: an item has no prediction, or no item is labelled.
    """
    if dataset.task is Task.OBJECT_DETECTION:
        items = list(dataset.items(split))
        evaluation = DetectionEvaluation(items, answers, dataset.labels)
        return Measured(evaluation.metrics(), evaluation.resampled, len(items), evaluation.cells)
    truth = truths(dataset, split)
    metrics = measure(dataset.task, labels, truth, answers.items())
    return Measured(metrics, _resampled(labels, truth, answers), len(truth), len(truth) * max(len(labels), 1))


def _resampled(labels: Sequence[str], truth: Mapping[str, Any], answers: Mapping[str, Any]) -> Resampled:
    if not labels:
        values = [answers[identity]["value"] for identity in truth]
        return resampled_regression(np.array(list(truth.values()), float), np.array(values, float))
    if has_several_labels(truth):
        return resampled_multi_label(*matrices(labels, truth, answers))
    probabilities = np.array([to_probabilities(labels, answers[identity]) for identity in truth])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return resampled_classification(label_codes(list(truth.values()), labels), probabilities)


def _intervals(measured: Measured, seed: int) -> dict[str, list[float]]:
    if measured.count < 2:
        return {}
    drawn = samples(measured.count, affordable_resamples(measured.cells), seed)
    found = [measured.resampled(np.bincount(places, minlength=measured.count).astype(float)) for places in drawn]
    ends = {name: interval(sample[name] for sample in found) for name in measured.metrics}
    return {name: list(pair) for name, pair in ends.items() if pair}
