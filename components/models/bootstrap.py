"""The percentile bootstrap: how far a figure may move when other items of the same kind are in the test split.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. A figure is measured again on samples that
are drawn with replacement and as large as the split; the interval is between the quantiles of what they give.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
MOST_RESAMPLES, FEWEST_RESAMPLES = 1000, 100
# What all resamples may visit together: a few seconds, beyond which there are fewer of them.
_CELLS = 50_000_000


def affordable_resamples(cells: int) -> int:
    """How many resamples to draw, 100 to 1000, when each of them visits `cells` numbers."""
    return int(np.clip(_CELLS // max(cells, 1), FEWEST_RESAMPLES, MOST_RESAMPLES))


def samples(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yields bootstrap samples of `count` items: their places, int64 [count] with repeats."""
    random = np.random.default_rng(seed)
    for _ in range(resamples):
        yield random.integers(0, count, count)


def interval(values: Iterable[float]) -> tuple[float, float] | None:
    """The central `CONFIDENCE` of resampled values, without those that are undefined (NaN); None where all are."""
    defined = np.array([value for value in values if not np.isnan(value)])
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
