"""Predicted over true values as a picture whose two axes are the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 40


@dataclass(frozen=True)
class Density:
    """How many items lie where.

    Attributes:
        cells: (column from the left, row from the bottom, shade in 0..1) of the cells with items; `BINS` each way.
        low: value at the start of both axes, in the label's unit.
        high: value at their end.
    """

    cells: list[tuple[int, int, float]]
    low: float
    high: float
    bins: int = BINS


def density(truth: NDArray[np.floating], predicted: NDArray[np.floating]) -> Density:
    """Counts N items, both float [N], in the cells of a grid; N at least 1."""
    low, high = limits(np.concatenate([truth, predicted]))
    counts, _, _ = np.histogram2d(truth, predicted, BINS, [[low, high], [low, high]])
    columns, rows = np.nonzero(counts)
    # By the root, so that a single item is still to be seen beside hundreds.
    shades = np.sqrt(counts[columns, rows] / counts.max())
    return Density(list(zip(columns.tolist(), rows.tolist(), shades.tolist(), strict=True)), low, high)


def limits(values: NDArray[np.floating]) -> tuple[float, float]:
    """The ends of an axis that holds all values, always apart."""
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)
