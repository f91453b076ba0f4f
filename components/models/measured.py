"""Metrics of a model on the test split, each with the interval in which the choice of test items leaves it."""

from collections.abc import Mapping

from ..data.dataset import Dataset
from ..data.items import Task
from .detection_metrics import detection_metrics
from .folder import ModelFolder
from .metrics import measure, truths
from .predictions import Prediction


def measure_on_test(model: ModelFolder, dataset: Dataset, answers: Mapping[str, Prediction]) -> None:
    """Sets a model's `metrics` and `metric_intervals` from its predictions of the test split.

    Args:
        model: changed in place, not saved.
        dataset: that it was trained on.
        answers: predictions of the test split, by item id.
    """
    if model.task is Task.OBJECT_DETECTION:
        items = list(dataset.items("test"))
        model.metrics = detection_metrics(items, answers, dataset.labels) if items else {}
    else:
        model.metrics = measure(model.task, model.labels, truths(dataset, "test"), answers.items())
