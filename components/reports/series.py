"""Time series as SVG: what was, what came and what was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .curves import HEIGHT, WIDTH
from .scatter import limits

# A value at a time, which has no time zone.
Point = tuple[datetime, float]


@dataclass(frozen=True)
class SeriesChart:
    """Lines ready to be drawn, as SVG `points`, and what stands at the axes.

    Attributes:
        name: of the series; may be empty.
        history: true values that came before the predicted ones.
        true: true values where there are predicted ones.
        predicted: predicted values.
        low: value at the bottom.
        high: value at the top.
        first: day of the first point, as YYYY-MM-DD.
        last: day of the last one.
    """

    name: str
    history: str
    true: str
    predicted: str
    low: float
    high: float
    first: str
    last: str


def series_chart(name: str, history: Sequence[Point], true: Sequence[Point], predicted: Sequence[Point]) -> SeriesChart:
    """Draws one series; each sequence in the order of time, `predicted` not empty."""
    drawn = [*history, *true, *predicted]
    times = np.array([time for time, _ in drawn], "datetime64[s]")
    low, high = limits(np.array([value for _, value in drawn]))
    start, end = times.min(), times.max()

    def line(points: Sequence[Point]) -> str:
        at = np.array([time for time, _ in points], "datetime64[s]")
        values = np.array([value for _, value in points], float)
        return _polyline((at - start) / max(end - start, np.timedelta64(1, "s")), (values - low) / (high - low))

    # The line goes on from the history without a gap.
    came = [*history[-1:], *true]
    days = [str(time.astype("datetime64[D]")) for time in (start, end)]
    return SeriesChart(name, line(history), line(came), line(predicted), low, high, *days)


def _polyline(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    points = zip(WIDTH * x, HEIGHT * (1 - y), strict=True)
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in points)
