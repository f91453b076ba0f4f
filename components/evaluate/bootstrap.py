"""How sure the difference between two models is: the paired percentile bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. Both models are measured on the same
resampled items, so what makes an item hard for both cancels out.
"""

from typing import TypedDict

import numpy as np

from .scores import Scores

CONFIDENCE = 0.95


class Difference(TypedDict):
    """Custom minus baseline on the main metric, in its unit, with the interval of `confidence` (a share of 1).

    `low` and `high` are quantiles over `resamples` bootstrap samples of the test items.
    """

    value: float
    low: float
    high: float
    confidence: float
    resamples: int


def difference(baseline: Scores, custom: Scores, metric: str, seed: int) -> Difference:
    """The difference on `metric`, which must be the one that `Scores.resampled` gives."""
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(custom.resamples):
        places = random.integers(0, custom.count, custom.count)
        differences.append(custom.resampled(places) - baseline.resampled(places))
    low, high = np.quantile(differences, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {
        "value": custom.metrics[metric] - baseline.metrics[metric],
        "low": float(low),
        "high": float(high),
        "confidence": CONFIDENCE,
        "resamples": custom.resamples,
    }
