"""Trials as dots: the metric over their order, and over each lever."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...reports.formats import number
from ...reports.scatter import limits
from .space import Choices, Range
from .study import Objective, Tried

WIDTH, HEIGHT = 320, 180  # units of the SVG's view box


@dataclass(frozen=True)
class Plot:
    """Dots over two axes.

    Attributes:
        name: of the horizontal axis.
        dots: (from the left, from the top, whether it is the best trial's), in units.
        ticks: (from the left, text) of the horizontal axis, in units.
        low, high: ends of the vertical axis, in the metric's unit.
        line: points of the best so far, as SVG writes them; "" for none.
    """

    name: str
    dots: list[tuple[float, float, bool]]
    ticks: list[tuple[float, str]]
    low: float
    high: float
    line: str = ""


def order_plot(trials: Sequence[Tried], best: Tried, objective: Objective) -> Plot:
    """The metric over the trials' order, and the best so far; at least one trial, none of them failed."""
    last = max(len(trials) - 1, 1)
    plot = _plot("trials, in their order", [place / last for place in range(len(trials))], trials, best)
    # The best so far is the highest or the lowest dot so far, from the top.
    better = min if objective.higher_is_better else max
    so_far = [(x, better(y for _, y, _ in plot.dots[: place + 1])) for place, (x, _, _) in enumerate(plot.dots)]
    line = " ".join(f"{x},{y}" for x, y in so_far)
    return Plot(plot.name, plot.dots, [(0, "first"), (WIDTH, "last")], plot.low, plot.high, line)


def lever_plot(lever: str, values: Range | Choices, trials: Sequence[Tried], best: Tried) -> Plot:
    """The metric over a lever, whose axis is logarithmic where it is searched so; none of the trials failed."""
    if isinstance(values, Range):
        places = [values.place(float(trial.values[lever])) for trial in trials]
        ticks = [(0.0, number(values.low)), (WIDTH, number(values.high))]
    else:
        last = len(values) - 1
        places = [values.index(trial.values[lever]) / last for trial in trials]
        ticks = [(WIDTH * place / last, str(value)) for place, value in enumerate(values)]
    plot = _plot(lever, places, trials, best)
    return Plot(plot.name, plot.dots, ticks, plot.low, plot.high)


def _plot(name: str, places: Sequence[float], trials: Sequence[Tried], best: Tried) -> Plot:
    """Dots at places 0..1 from the left."""
    values = [trial.value if trial.value is not None else math.nan for trial in trials]
    low, high = limits(np.array(values))
    dots = [
        (round(WIDTH * place, 1), round(HEIGHT * (high - value) / (high - low), 1), trial is best)
        for place, value, trial in zip(places, values, trials, strict=True)
    ]
    return Plot(name, dots, [], low, high)
