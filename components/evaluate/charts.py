"""Numbers behind the page's charts of classification and regression."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..models.metrics import Confusion
from .scores import RegressionScores

MAX_POINTS = 500
MAX_MISTAKES = 15


def mistakes(table: Confusion) -> list[dict[str, str | int]]:
    """The most frequent mistakes, as rows of the macro `bar_list`: what to show of a matrix too large to read."""
    labels, counts = table["labels"], np.array(table["counts"])
    np.fill_diagonal(counts, 0)
    largest = np.argsort(-counts, axis=None, kind="stable")[:MAX_MISTAKES]
    rows, columns = np.unravel_index(largest, counts.shape)
    return [
        {"label": f"{labels[row]} taken for {labels[column]}", "value": int(counts[row, column])}
        for row, column in zip(rows, columns, strict=True)
        if counts[row, column]
    ]


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
    low, high = _limits(np.concatenate([truth, *predicted]))
    x = (truth - low) / (high - low)
    ys = [(values - low) / (high - low) for values in predicted]
    return [Scatter(list(zip(x.tolist(), y.tolist(), strict=True)), low, high) for y in ys]


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)
