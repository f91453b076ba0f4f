"""Metrics of classification and regression on bootstrap samples: what `metrics` defines, from what can be shared.

scikit-learn sorts and checks its input on every call; here that is done once, and a row that is drawn twice weighs
twice, so that a thousand samples of ten thousand rows take a second or two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# From how often each of N rows was drawn, float64 [N], to the metrics; NaN where a sample leaves one undefined.
Resampled = Callable[[NDArray[np.float64]], dict[str, float]]


def resampled_regression(truth: NDArray[np.float64], values: NDArray[np.float64]) -> Resampled:
    """rmse, mae, r2 and wape of N predicted values, float64 [N], against the true ones."""
    errors, centred = values - truth, truth - truth.mean()
    columns = np.column_stack([errors**2, np.abs(errors), centred, centred**2, np.abs(truth)])

    def measure(counts: NDArray[np.float64]) -> dict[str, float]:
        squared, absolute, off_centre, spread, size = counts @ columns
        variation = spread - off_centre**2 / counts.sum()
        return {
            "rmse": float(np.sqrt(squared / counts.sum())),
            "mae": float(absolute / counts.sum()),
            # Where all true values are the same, rounding leaves a little variation.
            "r2": float(1 - squared / variation) if variation > 1e-12 * spread else np.nan,
            "wape": float(absolute / size) if size else np.nan,
        }

    return measure


def resampled_classification(true: NDArray[np.intp], probabilities: NDArray[np.float64]) -> Resampled:
    """accuracy, log_loss, macro_f1 and roc_auc of class probabilities.

    A sample's macro_f1 and, for more than two labels, its roc_auc are means over the labels that are in it.

    Args:
        true: [N], the true label's place among the labels; C where it is none of them.
        probabilities: [N, C], rows that sum to 1.
    """
    rows, classes = probabilities.shape
    chosen = probabilities.argmax(axis=1)
    correct = chosen == true
    padded = np.column_stack([probabilities, np.zeros(rows)])
    smallest = np.finfo(np.float64).eps  # where scikit-learn clips
    losses = -np.log(np.clip(padded[np.arange(rows), true], smallest, 1 - smallest))
    ranked = [RankedScores.of(probabilities[:, place], true == place) for place in range(classes)]

    def measure(counts: NDArray[np.float64]) -> dict[str, float]:
        total = counts.sum()
        hits, given, answered = (
            np.bincount(codes, weights, classes + 1)
            for codes, weights in ((true, counts * correct), (true, counts), (chosen, counts))
        )
        present = given + answered > 0
        return {
            "accuracy": float(hits.sum() / total),
            "log_loss": float(counts @ losses / total),
            "macro_f1": float((2 * hits[present] / (given + answered)[present]).mean()),
            "roc_auc": _mean_auc(ranked, counts),
        }

    return measure


@dataclass(frozen=True)
class RankedScores:
    """N scores of one label from the smallest up, for its area under the ROC curve on any sample.

    Attributes:
        order: int [N], the rows in the order of their scores.
        starts: int [groups], where each group of equal scores starts in that order.
        is_positive: bool [N], in that order, whether the row has the label.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    is_positive: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> "RankedScores":
        """Ranks the scores."""
        order = np.argsort(scores)
        starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
        return cls(order, starts, is_positive[order])

    def auc(self, counts: NDArray[np.float64]) -> float:
        """How often a row with the label scores higher than one without (ties: half); NaN where a side is empty.

        Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
        """
        weights = counts[self.order]
        positives = np.add.reduceat(weights * self.is_positive, self.starts)
        negatives = np.add.reduceat(weights, self.starts) - positives
        pairs = positives.sum() * negatives.sum()
        below = np.cumsum(negatives) - negatives / 2
        return float(positives @ below / pairs) if pairs else np.nan


def _mean_auc(ranked: Sequence[RankedScores], counts: NDArray[np.float64]) -> float:
    if len(ranked) == 2:  # both sides of the same curve
        return ranked[1].auc(counts)
    areas = np.array([each.auc(counts) for each in ranked])
    return float(np.nanmean(areas)) if not np.isnan(areas).all() else np.nan
