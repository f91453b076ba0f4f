"""Metrics of classification and regression, by scikit-learn, from prediction files and the true labels.

https://scikit-learn.org/stable/modules/model_evaluation.html. Detection has its own: `detection_metrics`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from . import predictions as prediction_files
from .multi_label_metrics import has_several_labels, matrices, multi_label_metrics
from .predictions import Prediction

# The one table of metric names: whether a higher value is the better one.
HIGHER_IS_BETTER = {
    "accuracy": True,
    "log_loss": False,
    "macro_f1": True,
    "roc_auc": True,
    "rmse": False,
    "mae": False,
    "r2": True,
    "wape": False,
    "ap": True,
    "ap50": True,
    "ap75": True,
    "map": True,
    "micro_f1": True,
}

# What is measured of a task; the last two of images where these have several labels, see `multi_label_metrics`.
METRICS = {
    Task.TABULAR_CLASSIFICATION: ("accuracy", "log_loss", "macro_f1", "roc_auc"),
    Task.IMAGE_CLASSIFICATION: ("accuracy", "log_loss", "macro_f1", "roc_auc", "map", "micro_f1"),
    Task.TEXT_CLASSIFICATION: ("accuracy", "log_loss", "macro_f1", "roc_auc"),
    Task.TABULAR_REGRESSION: ("rmse", "mae", "r2"),
    Task.TABULAR_FORECASTING: ("rmse", "mae", "wape"),
    Task.OBJECT_DETECTION: ("ap", "ap50", "ap75"),
}

# What a task is judged by when the user names no metric.
DEFAULT_METRIC = dict.fromkeys(Task, "accuracy") | {
    Task.TABULAR_REGRESSION: "rmse",
    Task.TABULAR_FORECASTING: "rmse",
    Task.OBJECT_DETECTION: "ap50",
}


def default_metric(dataset: Dataset) -> str:
    """What the models of a data set are judged by when the user names no metric."""
    return "map" if dataset.is_multi_label else DEFAULT_METRIC[dataset.task]


def is_better(metric: str, value: float, than: float) -> bool:
    """Whether one value of a metric is strictly better than another.

    Raises:
        InputError: nobody knows the metric.
    """
    if metric not in HIGHER_IS_BETTER:
        raise InputError(f"Unknown metric {metric!r}; use one of {', '.join(HIGHER_IS_BETTER)}.")
    return value > than if HIGHER_IS_BETTER[metric] else value < than


def truths(dataset: Dataset, split: str) -> dict[str, Any]:
    """The truth of every labelled item of a split, by item id: a string for classification, else a number.

    In a data set of several labels it is a tuple of all that the image has. An item without a label is left out.
    """
    if dataset.is_multi_label:
        return {item.id: tuple(item.labels) for item in dataset.items(split) if item.labels}
    if dataset.task is Task.IMAGE_CLASSIFICATION:
        return {item.id: item.labels[0] for item in dataset.items(split) if len(item.labels) == 1}
    table = dataset.table(split, columns=["__id__", dataset.label_column])
    pairs = zip(table["__id__"].to_pylist(), table[dataset.label_column].to_pylist(), strict=True)
    as_truth = float if dataset.task.predicts_numbers else str
    return {identity: as_truth(value) for identity, value in pairs if value is not None}


def measure(
    task: Task,
    labels: Sequence[str],
    truth: Mapping[str, Any],
    predictions: Iterable[tuple[str, Prediction]],
) -> dict[str, float]:
    """Metrics of a task's predictions.

    Args:
        task: any but object detection.
        labels: of the model, in its order; empty for regression.
        truth: from `truths`; predictions of other items are left out.
        predictions: (item id, prediction).

    Returns:
        accuracy, log_loss, macro_f1 and, where it is defined, roc_auc (one against the rest for several labels);
        or rmse, mae and, from two items on, r2; or those of `forecast_metrics` or `multi_label_metrics`.

    Raises:
        InputError: a true label has no prediction, or there is none to measure on.
    """
    predicted: dict[str, Any] = {identity: prediction for identity, prediction in predictions if identity in truth}
    if not predicted:
        raise InputError("There is no labelled item to measure on; add labelled items to this split.")
    unanswered = [identity for identity in truth if identity not in predicted]
    if unanswered:
        raise InputError(f"{len(unanswered)} items have no prediction, the first is {unanswered[0]}; predict again.")
    if task.predicts_numbers:
        of_numbers = forecast_metrics if task is Task.TABULAR_FORECASTING else regression_metrics
        return of_numbers(
            np.array([truth[identity] for identity in predicted], dtype=float),
            np.array([prediction["value"] for prediction in predicted.values()]),
        )
    if has_several_labels(truth):
        return multi_label_metrics(*matrices(labels, truth, predicted))
    probabilities = [prediction_files.to_probabilities(labels, prediction) for prediction in predicted.values()]
    return classification_metrics([str(truth[identity]) for identity in predicted], np.array(probabilities), labels)


class Confusion(TypedDict):
    """How often each label was taken for which: `counts[i][j]` items of labels[i] were predicted as labels[j]."""

    labels: list[str]
    counts: list[list[int]]


def confusion(truth: Mapping[str, Any], predictions: Mapping[str, Any]) -> Confusion:
    """Confusion matrix of classification, over the labels that are true or predicted somewhere.

    Args:
        truth: the true label by item id, from `truths`.
        predictions: by item id, of these items at least.
    """
    true = [str(label) for label in truth.values()]
    chosen = [predictions[identity]["displayNames"][0] for identity in truth]
    labels = sorted({*true, *chosen})
    return {"labels": labels, "counts": sklearn_metrics.confusion_matrix(true, chosen, labels=labels).tolist()}


def classification_metrics(
    truth: Sequence[str], probabilities: NDArray[np.floating], labels: Sequence[str]
) -> dict[str, float]:
    """Metrics of class probabilities.

    Args:
        truth: N true labels; one that is not in `labels` counts as wrong, with probability 0.
        probabilities: float [N, C].
        labels: C labels, in the order of the probabilities.
    """
    true = label_codes(truth, labels)
    # Float32 sums are further from 1 than scikit-learn lets pass.
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True, dtype=np.float64)
    chosen = probabilities.argmax(axis=1)
    # One more class, which has probability 0, for true labels that the model has never seen.
    padded = np.column_stack([probabilities, np.zeros(len(true))])
    values = {
        "accuracy": sklearn_metrics.accuracy_score(true, chosen),
        "log_loss": sklearn_metrics.log_loss(true, padded, labels=range(len(labels) + 1)),
        "macro_f1": sklearn_metrics.f1_score(true, chosen, average="macro"),
    }
    if len(labels) > 1 and set(true) == set(range(len(labels))):
        scores = probabilities[:, 1] if len(labels) == 2 else probabilities
        values["roc_auc"] = sklearn_metrics.roc_auc_score(true, scores, multi_class="ovr")
    return {name: float(value) for name, value in values.items()}


def label_codes(truth: Sequence[str], labels: Sequence[str]) -> NDArray[np.intp]:
    """The place of each true label among the labels, int [N]; their number where it is none of them."""
    codes = {label: code for code, label in enumerate(labels)}
    return np.array([codes.get(label, len(labels)) for label in truth], dtype=np.intp)


def regression_metrics(truth: NDArray[np.floating], values: NDArray[np.floating]) -> dict[str, float]:
    """Metrics of N predicted values against the true ones, both float [N], in the label's unit."""
    found = _error_metrics(truth, values)
    if len(truth) > 1:
        found["r2"] = float(sklearn_metrics.r2_score(truth, values))
    return found


def forecast_metrics(truth: NDArray[np.floating], values: NDArray[np.floating]) -> dict[str, float]:
    """Metrics of N forecast values against the true ones, both float [N], in the label's unit.

    wape is the sum of the absolute errors as a share of the sum of the absolute true values, as Vertex AI has it
    (https://docs.cloud.google.com/vertex-ai/docs/tabular-data/forecasting/evaluate-model). Unlike errors in percent of
    each value (mape, smape) it is defined where single true values are 0, and small values do not rule it; where all
    are 0 it is left out.
    """
    found, size = _error_metrics(truth, values), np.abs(truth).sum()
    return found | ({"wape": float(np.abs(values - truth).sum() / size)} if size else {})


def _error_metrics(truth: NDArray[np.floating], values: NDArray[np.floating]) -> dict[str, float]:
    return {
        "rmse": float(sklearn_metrics.root_mean_squared_error(truth, values)),
        "mae": float(sklearn_metrics.mean_absolute_error(truth, values)),
    }
