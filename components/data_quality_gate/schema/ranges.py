"""How far the numbers of a column may lie from each other before one is surely a slip.

Columns have tails of every weight: ages end at 100, fares and incomes do not end. So ranges are measured on a scale
that is linear about the median and logarithmic far from it, z = asinh((x - median) / spread), on which heavy tails are
short (the inverse hyperbolic sine transformation, Burbidge, Magee and Robb 1988, https://doi.org/10.2307/2288929).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .profile import ColumnProfile

Limits = tuple[float, float]

# On this scale: a value may lie beyond the known range by half of its length, ...
_TOLERANCE = 0.5
# ... and by one unit at least: ranges of a few counts are short.
_LEAST_TOLERANCE = 1.0
# Far from the median, a factor of ten. A decade that is empty, or holds less than this share of what comes after it,
# may part slips from the rest, ...
_DECADE = np.log(10)
_VALLEY = 0.25
_LEAST_SLIPS = 5
# ... if they are at most this share of the values, ...
_MOST_SLIPS = 0.05
# ... of which there are enough to know the rest.
_LEAST_VALUES = 50
_QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class _Scale:
    median: float
    spread: float

    def z(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.arcsinh((x - self.median) / self.spread)

    def x(self, low: float, high: float) -> Limits:
        with np.errstate(over="ignore"):  # What is beyond the greatest number is no limit.
            low, high = (float(self.median + self.spread * np.sinh(z)) for z in (low, high))
        return low, high


def limits_of_profile(column: ColumnProfile) -> Limits | None:
    """Limits to hold new values against; None where the column has no two different values.

    Args:
        column: all of whose values are taken to be right.
    """
    if column.low is None or column.high is None or column.low == column.high:
        return None
    lower, median, upper = column.quartiles
    scale = _Scale(median, (upper - lower) or (column.high - column.low) / 4)
    low, high = scale.z(np.array([column.low, column.high]))
    reach = _reach(high - low)
    return scale.x(low - reach, high + reach)


def limits_of_values(values: NDArray[np.float64]) -> Limits | None:
    """Limits of N values (no NaN), some of which may be slips themselves; None where there are too few to tell."""
    if len(values) < _LEAST_VALUES:
        return None
    lower, most, upper = np.quantile(values, _QUARTILES)
    if lower == upper:  # Most values are the same, such as 0: the others say how values spread.
        values = values[values != most]
        if len(values) < _LEAST_VALUES:
            return None
    lower, median, upper = np.quantile(values, _QUARTILES)
    scale = _Scale(median, (upper - lower) or abs(median - most) or 1.0)
    z = np.sort(scale.z(values))
    low, high = -_end(-z[::-1]), _end(z)
    reach = _reach(high - low)
    low, high = scale.x(low - reach, high + reach)
    return min(low, most), max(high, most)


def _reach(length: float) -> float:
    return max(_TOLERANCE * length, _LEAST_TOLERANCE)


def _end(z: NDArray[np.float64]) -> float:
    """The last of N ascending values before a valley that parts slips from the rest; the last of all without one.

    Tails thin out, also on the logarithmic scale: where a decade holds few values and more come after it, those are
    not of the tail. A few values may be so by chance, so they must be farther away: by as much as the length of what
    lies below, or by half of it for two or more (in a heavy, Pareto, tail, the gap below the k-th largest value falls
    off k times as fast as that below the largest).
    """
    few = int(_MOST_SLIPS * len(z))
    places = np.arange(len(z) - few - 1, len(z) - 1)
    after = np.searchsorted(z, z[places] + _DECADE, side="right")
    within, beyond = after - places - 1, len(z) - after
    gaps, lengths = z[places + 1] - z[places], z[places] - z[few]
    is_gap = (within == 0) & (beyond > 0) & (gaps * np.minimum(beyond, 2) > lengths)
    is_valley = (beyond >= _LEAST_SLIPS) & (within < _VALLEY * beyond)
    parts = np.where(is_gap | is_valley, within, len(z))
    return float(z[places[parts.argmin()]] if (parts < len(z)).any() else z[-1])
