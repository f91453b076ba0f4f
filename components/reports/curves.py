"""Line charts over the steps of a training, as SVG for pages that run no scripts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..models.history import VALIDATION
from .formats import number

WIDTH, HEIGHT = 600, 180  # units of the SVG's view box

# Values by step, in the order of the steps.
Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Tick:
    """A number at an axis: `at` 0..1 of the axis, from the left or from the bottom."""

    text: str
    at: float


@dataclass(frozen=True)
class Line:
    """A line ready to be drawn: its SVG `points`, the class of its style, and the value at its end."""

    kind: str
    points: str
    last: float


@dataclass(frozen=True)
class Chart:
    """What was measured of one thing while training.

    Attributes:
        name: of the thing.
        lines: of training, of validation, or of both.
        steps: ticks of the horizontal axis.
        values: ticks of the vertical axis, whose first and last are its ends.
        best: where the best step is, 0..1 of the horizontal axis; None where it is not known.
        stages: where new stages of training begin, 0..1 of the horizontal axis.
    """

    name: str
    lines: list[Line]
    steps: list[Tick]
    values: list[Tick]
    best: float | None
    stages: list[float]


def charts(curves: Mapping[str, Curve], best_step: int | None = None, stages: Sequence[int] = ()) -> list[Chart]:
    """One chart per thing that was measured, what has a validation curve first, the learning rate last.

    Args:
        curves: by name; the curve `validation_NAME` goes into the chart of NAME. What is no number is left out.
        best_step: to be marked.
        stages: steps at which stages of training begin, to be marked; that at 0 is not.
    """
    finite = {name: [point for point in curve if math.isfinite(point[1])] for name, curve in curves.items()}
    known = {name: curve for name, curve in finite.items() if curve}
    last_step = max((curve[-1][0] for curve in known.values()), default=0) or 1
    names = dict.fromkeys(name.removeprefix(VALIDATION) for name in known)
    ranked = sorted(names, key=lambda name: (name == "learning_rate", VALIDATION + name not in known))
    best = None if best_step is None else best_step / last_step
    marks = [step / last_step for step in stages if 0 < step < last_step]
    return [_chart(name, known, last_step, best, marks) for name in ranked]


def _chart(name: str, curves: Mapping[str, Curve], last_step: int, best: float | None, stages: list[float]) -> Chart:
    drawn = {kind: curves.get(prefix + name) for kind, prefix in (("training", ""), ("validation", VALIDATION))}
    known = {kind: curve for kind, curve in drawn.items() if curve}
    values = [value for curve in known.values() for _, value in curve]
    levels = _round_numbers(min(0.0, *values), max(0.0, *values))
    low, high = levels[0], levels[-1]

    def line(kind: str, curve: Curve) -> Line:
        # The first point is there twice, which makes a curve of one point a dot.
        points = [curve[0], *curve]
        at = ((WIDTH * step / last_step, HEIGHT * (high - value) / (high - low)) for step, value in points)
        return Line(kind, " ".join(f"{x:.1f},{y:.1f}" for x, y in at), curve[-1][1])

    return Chart(
        name,
        [line(kind, curve) for kind, curve in known.items()],
        [Tick(number(step), step / last_step) for step in _round_numbers(0, last_step) if step <= last_step],
        [Tick(number(level), (level - low) / (high - low)) for level in levels],
        best,
        stages,
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, five steps or a few less, from at most `low` to at least `high`."""
    span = (high - low) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 5))
    width = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 5)
    first, last = math.floor(low / width + 1e-9), math.ceil(high / width - 1e-9)
    # Rounded, as 3 times 0.1 is not 0.3.
    return [float(f"{place * width:.12g}") for place in range(first, max(last, first + 1) + 1)]
