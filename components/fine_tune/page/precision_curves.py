"""Precision over recall as small charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .label_rows import LabelRow

# Charts of labels at most; of more labels it is half of them from each end.
MAX_CHARTS = 11


@dataclass(frozen=True)
class PrecisionCurve:
    """One line: SVG `points` in a view box of 100 by 100, and its average precision (0..1) as `value`."""

    name: str
    points: str
    value: float


def precision_curves(precision: Mapping[str, NDArray[np.float64]], rows: Sequence[LabelRow]) -> list[PrecisionCurve]:
    """The mean over all labels, then the labels; of many the weakest and the strongest.

    Args:
        precision: of each label, float64 [R], at R recalls evenly from 0 to 1; not empty.
        rows: of the same labels, the weakest first.
    """
    labels = [row.label for row in rows]
    if len(labels) > MAX_CHARTS:
        strongest = MAX_CHARTS // 2
        labels = [*labels[: MAX_CHARTS - strongest], *labels[-strongest:]]
    mean = [_curve("all labels", np.mean(list(precision.values()), axis=0))] if len(precision) > 1 else []
    return mean + [_curve(label, precision[label]) for label in labels]


def _curve(name: str, precision: NDArray[np.float64]) -> PrecisionCurve:
    recalls = np.linspace(0, 100, len(precision))
    points = " ".join(f"{recall:.0f},{100 - 100 * value:.1f}" for recall, value in zip(recalls, precision, strict=True))
    return PrecisionCurve(name, points, float(precision.mean()))
