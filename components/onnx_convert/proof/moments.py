"""How much the values of a tensor change from item to item, of sums that are added up batch after batch."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Moments:
    """Sums over items of one shape, per element; NaN and infinities left out."""

    def __init__(self, size: int) -> None:
        """Begins with no items of so many elements."""
        self.count, self.sum, self.squares = np.zeros((3, size))

    def add(self, rows: NDArray[np.floating]) -> None:
        """Adds items, [N, elements]."""
        usable = np.isfinite(rows)
        values = np.where(usable, rows, 0).astype(np.float64)
        self.count += usable.sum(axis=0)
        self.sum += values.sum(axis=0)
        self.squares += (values**2).sum(axis=0)

    def deviation(self) -> NDArray[np.float64]:
        """Per element the sum over items of the squared distance from its mean."""
        return np.maximum(self.squares - self.sum**2 / np.maximum(self.count, 1), 0)

    def below(self, tolerance: float) -> int:
        """How many elements change from item to item, but by less than this."""
        deviation = np.sqrt(self.deviation() / np.maximum(self.count - 1, 1))
        return int(((deviation > 0) & (deviation < tolerance)).sum())

    def freedom(self) -> float:
        """Degrees of freedom of `deviation`."""
        return float(np.maximum(self.count - 1, 0).sum())


def spread_of(groups: Sequence[Moments]) -> tuple[float, float]:
    """Root mean squares of how much the values change, and of the values; items of one shape are a group."""
    count = sum(group.count.sum() for group in groups)
    if not count:
        return 0.0, 0.0
    squares = sum(group.squares.sum() for group in groups)
    freedom = sum(group.freedom() for group in groups)
    if freedom:
        variance = sum(group.deviation().sum() for group in groups) / freedom
    else:
        # Every item has a shape of its own, as maps of pictures of several sizes: elements stand for items.
        mean = sum(group.sum.sum() for group in groups) / count
        variance = max(squares / count - mean**2, 0.0)
    return float(np.sqrt(variance)), float(np.sqrt(squares / count))
