"""Line charts as SVG, for pages that run no scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 180  # units of the SVG's view box


@dataclass(frozen=True)
class Chart:
    """A line ready to be drawn: SVG `points`, and what stands at the axes."""

    name: str
    points: str
    largest: float
    last: float
    last_step: int


def charts(curves: Mapping[str, Sequence[tuple[int, float]]]) -> list[Chart]:
    """One chart per curve of (step, value), its vertical axis from 0 to the largest value."""
    return [_chart(name, curve) for name, curve in curves.items() if curve]


def _chart(name: str, curve: Sequence[tuple[int, float]]) -> Chart:
    last_step, last = curve[-1]
    largest = max(value for _, value in curve) or 1.0
    points = [(WIDTH * step / last_step, HEIGHT * (1 - max(value, 0.0) / largest)) for step, value in curve]
    return Chart(name, " ".join(f"{x:.1f},{y:.1f}" for x, y in points), largest, last, last_step)
