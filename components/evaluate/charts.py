"""Numbers behind the page's charts of regression."""

from dataclasses import dataclass

import numpy as np

from ..reports.scatter import limits
from .scores import RegressionScores

MAX_POINTS = 500


@dataclass(frozen=True)
class Scatter:
    """Predicted over true values, on axes that both models share.

    Attributes:
        points: (x, y) in 0..1 of the axes, y upwards.
        low: value at the start of both axes, in the label's unit.
        high: value at their end.
    """

    points: list[tuple[float, float]]
    low: float
    high: float


def scatters(baseline: RegressionScores, custom: RegressionScores, seed: int) -> list[Scatter]:
    """One scatter per model over the same random `MAX_POINTS` items."""
    chosen = np.sort(np.random.default_rng(seed).permutation(baseline.count)[:MAX_POINTS])
    truth, predicted = baseline.truth[chosen], [each.predicted[chosen] for each in (baseline, custom)]
    low, high = limits(np.concatenate([truth, *predicted]))
    x = (truth - low) / (high - low)
    ys = [(values - low) / (high - low) for values in predicted]
    return [Scatter(list(zip(x.tolist(), y.tolist(), strict=True)), low, high) for y in ys]
