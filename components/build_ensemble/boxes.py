"""Weights of detectors whose boxes are fused, learned on the validation split.

Average precision has no slope, so the weights (a softmax) are searched with a bounded number of trials by Nelder and
Mead's simplex, "A simplex method for function minimization", The Computer Journal 7, 1965.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from ..data.items import Item
from ..data.progress import Progress
from ..models.detection_metrics import detection_metrics
from .answers import Answers, combined
from .weights import without_small

# What weights are learned by: of all IoU thresholds, since ap50 sees no box that shifts.
METRIC = "ap"
IOU_THRESHOLDS = (0.45, 0.55, 0.65, 0.75)
_TRIALS_PER_WEIGHT, _MOST_TRIALS = 15, 60
_FIRST_STEP = 1.0  # of the softmax's logarithms: nearly three times the weight


@dataclass(frozen=True)
class Fusion:
    """How boxes are fused: weights [M] with a sum of 1, 0 for who is not asked, and the IoU threshold."""

    weights: NDArray[np.float64]
    iou_threshold: float = 0.55  # of a member alone it does not matter


class Pictures:
    """Pictures with their true boxes and what each detector found in them."""

    def __init__(self, items: Sequence[Item], answers: Sequence[Answers], labels: Sequence[str]) -> None:
        self._items, self._answers, self._labels = items, answers, labels
        self.members = len(answers)
        self._progress = Progress("weigh", "trials")

    def precision(self, fusion: Fusion) -> float:
        """The average precision (`METRIC`) of the fused boxes."""
        fused = combined(self._answers, fusion.weights, self._labels, fusion.iou_threshold)
        self._progress.advance()
        return detection_metrics(self._items, fused, self._labels)[METRIC]


def learn_fusion(pictures: Pictures) -> Fusion:
    """The fusion with the highest average precision: of the best detector alone, equal weights, and the learned ones.

    Args:
        pictures: of the validation split, one of them at least with a true box.
    """
    equal = _equal(pictures)
    # Of equals the first, which costs least.
    return max((_alone(pictures), equal, _learned(pictures, equal.iou_threshold)), key=pictures.precision)


def _alone(pictures: Pictures) -> Fusion:
    return max((Fusion(weights) for weights in np.eye(pictures.members)), key=pictures.precision)


def _equal(pictures: Pictures) -> Fusion:
    equal = np.full(pictures.members, 1 / pictures.members)
    return max((Fusion(equal, threshold) for threshold in IOU_THRESHOLDS), key=pictures.precision)


def _learned(pictures: Pictures, iou_threshold: float) -> Fusion:
    free = pictures.members - 1  # only differences of logarithms matter: the first stays 0

    def fusion(theta: NDArray[np.float64]) -> Fusion:
        return Fusion(without_small(softmax(np.append(0.0, theta))), iou_threshold)

    trials = min(_TRIALS_PER_WEIGHT * free, _MOST_TRIALS)
    simplex = np.vstack([np.zeros(free), _FIRST_STEP * np.eye(free)])
    best = minimize(
        lambda theta: -pictures.precision(fusion(theta)),
        np.zeros(free),
        method="Nelder-Mead",
        options={"maxfev": trials, "initial_simplex": simplex, "xatol": 0.05, "fatol": 1e-4},
    )
    return fusion(best.x)
