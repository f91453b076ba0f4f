"""How far two samples of one column differ: how large the difference is, and how often chance makes one as large.

Numbers: the two-sample Kolmogorov-Smirnov test, and its statistic. Categories, and numbers of which only a histogram is
known: the chi-square test of homogeneity, and the Jensen-Shannon distance, which TensorFlow Data Validation measures
drift by (https://www.tensorflow.org/tfx/data_validation/get_started#checking_data_skew_and_drift).
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp

from ...reports.formats import number, percent

# The splits that are held against train.
LATER = ("validation", "test")
# How often data without any drift may be taken for drifting.
_CHANCE = 0.01
# The chi-square test wants so many expected of each kind (Cochran 1954, https://doi.org/10.2307/3001666).
_LEAST_EXPECTED = 5
# Of more numbers, so many are drawn: the statistic is then known to about 0.01, a tenth of what counts as drift.
_MOST_SORTED = 100_000


_What = TypeVar("_What")


class Change(NamedTuple):
    """From one sample to another.

    Attributes:
        size: 0 for none, 1 where the samples have nothing in common.
        chance: the test's p-value, 0..1.
        detail: what has changed, in words.
    """

    size: float
    chance: float
    detail: str


def remarkable(changes: Sequence[tuple[_What, Change]], limit: float) -> list[tuple[_What, Change]]:
    """The comparisons that show a difference both larger than the limit and no chance, the largest first.

    However many there are, all together mistake chance for a difference as rarely as `_CHANCE` (Bonferroni).
    """
    found = [each for each in changes if each[1].size > limit and each[1].chance < _CHANCE / len(changes)]
    return sorted(found, key=lambda each: -each[1].size)


def numbers_change(x: NDArray[np.float64], y: NDArray[np.float64], names: tuple[str, str]) -> Change:
    """Two samples of N and M numbers, of which neither is empty; `names` are the samples'."""
    # Asymptotic: the exact distribution is for samples without ties, and slow.
    test = ks_2samp(_sample(x), _sample(y), method="asymp")
    size, chance = np.array(test, float).tolist()
    return Change(size, chance, f"{_medians(np.median(x), np.median(y), names)}, KS statistic {size:.2f}")


def histogram_change(counts: NDArray[np.int64], medians: tuple[float, float], names: tuple[str, str]) -> Change:
    """Two histograms [2, bins] on the same edges."""
    size, chance = _compared(_pooled(counts, _is_rare(counts)))
    return Change(size, chance, f"{_medians(*medians, names)}, Jensen-Shannon distance {size:.2f}")


def categories_change(counts: NDArray[np.int64], categories: Sequence[str], names: tuple[str, str]) -> Change:
    """Counts [2, categories + 1] of these categories, and of all others."""
    # With the rare ones, as which of the rare ones a sample has is chance.
    is_rare = _is_rare(counts) | (np.arange(counts.shape[1]) == len(categories))
    counts = _pooled(counts, is_rare)
    size, chance = _compared(counts)
    shares = counts / counts.sum(1, keepdims=True)
    most = int(np.argmax(np.abs(shares[1] - shares[0])))
    what = [*(repr(name) for name, rare in zip(categories, is_rare, strict=False) if not rare), "other values"][most]
    told = f"{what}: {percent(shares[0, most])} of {names[0]}, {percent(shares[1, most])} of {names[1]}"
    return Change(size, chance, f"{told}; Jensen-Shannon distance {size:.2f}")


def missing_change(missing: tuple[int, int], rows: tuple[int, int], names: tuple[str, str]) -> Change:
    """Numbers of missing values in samples of so many rows, at least one each."""
    counts = np.array([missing, np.subtract(rows, missing)]).T
    _, chance = _compared(counts)
    first, second = counts[:, 0] / counts.sum(1)
    told = f"no value in {percent(first)} of {names[0]}, in {percent(second)} of {names[1]}"
    return Change(abs(float(second - first)), chance, told)


def _medians(first: float, second: float, names: tuple[str, str]) -> str:
    return f"median {number(float(first))} in {names[0]}, {number(float(second))} in {names[1]}"


def _sample(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same ones every time."""
    return np.random.default_rng(0).choice(x, _MOST_SORTED, replace=False) if len(x) > _MOST_SORTED else x


def _is_rare(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the kinds [2, kinds] the smaller sample would have too few of to be counted apart."""
    totals = counts.sum(1)
    return counts.sum(0) * totals.min() / totals.sum() < _LEAST_EXPECTED


def _pooled(counts: NDArray[np.int64], is_rare: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The rare kinds taken together as the last one."""
    return np.column_stack([counts[:, ~is_rare], counts[:, is_rare].sum(1)])


def _compared(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Jensen-Shannon distance (base 2, so 0..1) and p-value of counts [2, kinds]."""
    counts = counts[:, counts.any(0)]
    if counts.shape[1] < 2:
        return 0.0, 1.0
    chance = chi2_contingency(counts)[1]
    return float(jensenshannon(counts[0], counts[1], base=2)), np.asarray(chance).item()
