"""What is reached without looking at the data: the zero of the gate's scale."""

from collections import Counter

import numpy as np

from ..data.dataset import Dataset
from ..data.items import Task
from ..models.metrics import classification_metrics, forecast_metrics, regression_metrics, truths
from ..models.multi_label_metrics import label_matrix, multi_label_metrics
from ..models.seasons import seasonal_naive


def naive_metrics(data: Dataset) -> dict[str, float]:
    """Metrics on the test split of a model that has learned nothing.

    Detection: no box, so every average precision is 0. Classification: the share of each label in train as its
    probability, so that the answer is always the commonest label, or where images have several, what most have.
    Regression: the mean of train. Forecast: the last season again, or the last value where there are no seasons.

    Returns:
        Name to value, for the metrics that are defined on this split.
    """
    if data.task is Task.OBJECT_DETECTION:
        return {"ap": 0.0, "ap50": 0.0, "ap75": 0.0}
    if data.task is Task.TABULAR_FORECASTING:
        return _naive_forecast_metrics(data)
    train, test = list(truths(data, "train").values()), list(truths(data, "test").values())
    if not train or not test:
        return {}
    if data.task.predicts_numbers:
        return regression_metrics(np.array(test, float), np.full(len(test), np.mean(np.array(train, float))))
    if data.is_multi_label:
        shares = label_matrix(data.labels, train).mean(axis=0)
        return multi_label_metrics(label_matrix(data.labels, test), np.tile(shares, (len(test), 1)))
    counts = Counter(train)
    shares = np.array([counts[label] / len(train) for label in data.labels])
    return classification_metrics([str(label) for label in test], np.tile(shares, (len(test), 1)), data.labels)


def guessing(task: Task) -> str:
    """What the naive model does, for people."""
    if task is Task.TABULAR_FORECASTING:
        return "the last season or value is repeated"
    return "the same is predicted for every item"


def _naive_forecast_metrics(data: Dataset) -> dict[str, float]:
    truth, answers = truths(data, "test"), seasonal_naive(data, "test")
    if not truth:
        return {}
    return forecast_metrics(np.array(list(truth.values()), float), np.array([answers[each] for each in truth]))
