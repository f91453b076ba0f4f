"""How sure the difference between two models is: the paired percentile bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. Both models are measured on the same
resampled items, so what makes an item hard for both cancels out.
"""

from typing import TypedDict

from ..models.bootstrap import CONFIDENCE, interval, samples
from .scores import Scores


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
    differences = (
        custom.resampled(places) - baseline.resampled(places)
        for places in samples(custom.count, custom.resamples, seed)
    )
    ends = interval(differences)
    assert ends  # both are defined on some resample, since they are on the whole
    low, high = ends
    return {
        "value": custom.metrics[metric] - baseline.metrics[metric],
        "low": low,
        "high": high,
        "confidence": CONFIDENCE,
        "resamples": custom.resamples,
    }
