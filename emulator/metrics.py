"""Metrics of model evaluations, in the structure of the service's schemas.

Schemas: gs://google-cloud-aiplatform/schema/modelevaluation/*_metrics_1.0.0.yaml, which are the messages
*EvaluationMetrics in https://aiplatform.googleapis.com/$discovery/rest. Written out here because the emulator runs
without scikit-learn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

SCHEMA = "gs://google-cloud-aiplatform/schema/modelevaluation/{}_metrics_1.0.0.yaml"
# Thresholds of confidence that the service evaluates at.
_THRESHOLDS = [*(at / 20 for at in range(20)), 0.96, 0.97, 0.98, 0.99]


def classification(labels: Sequence[str], truth: np.ndarray, scores: np.ndarray, exclusive: bool) -> dict[str, Any]:
    """Metrics of labels, micro-averaged.

    Args:
        labels: names of the labels.
        truth: bool [items, labels], which apply.
        scores: float [items, labels] in 0..1.
        exclusive: whether each item has one label; only then is there a confusion matrix.
    """
    clipped = np.clip(scores, 1e-7, 1 - 1e-7)
    losses = -(truth * np.log(clipped)) - (0 if exclusive else ~truth * np.log(1 - clipped))
    metrics: dict[str, Any] = {
        "auPrc": average_precision(truth.ravel(), scores.ravel(), int(truth.sum())),
        "auRoc": _area_under_roc(truth.ravel(), scores.ravel()),
        "logLoss": float(losses.sum() / (len(truth) if exclusive else truth.size)),
        "confidenceMetrics": [_at_threshold(truth, scores, threshold) for threshold in _THRESHOLDS],
    }
    if exclusive:
        specs = [{"id": str(at), "displayName": label} for at, label in enumerate(labels)]
        metrics["confusionMatrix"] = {"annotationSpecs": specs, "rows": _confusion(truth, scores)}
    return metrics


def regression(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Metrics of numbers, both float [items]; those that are not defined for them are left out."""
    errors = predicted - truth
    metrics = {
        "rootMeanSquaredError": np.sqrt((errors**2).mean()),
        "meanAbsoluteError": np.abs(errors).mean(),
    }
    if (truth != 0).all():
        metrics["meanAbsolutePercentageError"] = 100 * np.abs(errors / truth).mean()
    if truth.std() and predicted.std():
        metrics["rSquared"] = np.corrcoef(truth, predicted)[0, 1] ** 2
    if (truth >= 0).all() and (predicted >= 0).all():
        metrics["rootMeanSquaredLogError"] = np.sqrt(((np.log1p(predicted) - np.log1p(truth)) ** 2).mean())
    return {name: float(value) for name, value in metrics.items()}


def forecasting(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """As of regression, and two that forecasting has besides."""
    metrics, errors = regression(truth, predicted), predicted - truth
    if truth.sum():
        metrics["weightedAbsolutePercentageError"] = float(100 * np.abs(errors).sum() / np.abs(truth).sum())
    if (truth != 0).all():
        metrics["rootMeanSquaredPercentageError"] = float(100 * np.sqrt(((errors / truth) ** 2).mean()))
    return metrics


def average_precision(hits: np.ndarray, scores: np.ndarray, positives: int) -> float:
    """Area under the steps of precision over recall.

    Args:
        hits: bool [predictions], whether each is right.
        scores: float [predictions].
        positives: how many there were to find.
    """
    ranked = hits[np.argsort(-scores, kind="stable")]
    precisions = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float((precisions * ranked).sum() / positives) if positives else 0.0


def confidence_metrics(hits: np.ndarray, scores: np.ndarray, positives: int) -> list[dict[str, float]]:
    """Recall, precision and F1 at each threshold of confidence; arguments as of `average_precision`."""
    return [
        {"confidenceThreshold": at, **_rates(int(hits[scores >= at].sum()), int((scores >= at).sum()), positives)}
        for at in _THRESHOLDS[1:]
    ]


def _rates(right: int, predicted: int, positives: int) -> dict[str, float]:
    precision = right / predicted if predicted else 1.0
    recall = right / positives if positives else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"recall": recall, "precision": precision, "f1Score": f1}


def _at_threshold(truth: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, Any]:
    chosen = scores >= threshold
    top = np.zeros_like(truth)
    top[np.arange(len(scores)), scores.argmax(axis=1)] = True
    negatives = max(int((~truth).sum()), 1)
    at_one = _rates(int((chosen & top & truth).sum()), int((chosen & top).sum()), int(truth.sum()))
    counts = {"truePositive": chosen & truth, "falsePositive": chosen & ~truth}
    counts |= {"falseNegative": ~chosen & truth, "trueNegative": ~chosen & ~truth}
    return {
        "confidenceThreshold": threshold,
        **_rates(int((chosen & truth).sum()), int(chosen.sum()), int(truth.sum())),
        "falsePositiveRate": int((chosen & ~truth).sum()) / negatives,
        **{f"{name}At1": value for name, value in at_one.items()},
        "falsePositiveRateAt1": int((chosen & top & ~truth).sum()) / negatives,
        # Numbers of 64 bits are texts in JSON.
        **{f"{name}Count": str(int(cells.sum())) for name, cells in counts.items()},
    }


def _confusion(truth: np.ndarray, scores: np.ndarray) -> list[list[int]]:
    counts = np.zeros((truth.shape[1],) * 2, int)
    np.add.at(counts, (truth.argmax(axis=1), scores.argmax(axis=1)), 1)
    return counts.tolist()


def _area_under_roc(truth: np.ndarray, scores: np.ndarray) -> float:
    """The share of pairs of a right and a wrong one in which the right one has the higher score; ties count half."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    right, wrong = int(truth.sum()), int((~truth).sum())
    if not right or not wrong:
        return 0.0
    return float((ranks[truth].sum() - right * (right + 1) / 2) / (right * wrong))
