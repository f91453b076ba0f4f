"""The scale from guessing to the target, ready to be drawn: all places in percent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...models.metrics import HIGHER_IS_BETTER
from ...reports.formats import number, percent
from ..standing import Standing

# Ends of the axis, in shares of the target: some room beyond guessing (0) and beyond the target (1).
_START, _END = -0.12, 1.12
# The text below a tick is about this wide, on a desk and on a phone; of two that are nearer, one goes a line down.
_TICK_WIDTHS = (10.0, 19.0)
_NARROWEST_NAMED = 17.0


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the scale with one verdict; `name` is "" where it is too narrow to be written in."""

    tone: str
    name: str
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of the metric on the scale; `lines` is the line that its text stands on, on a desk and on a phone."""

    left: float
    value: str
    name: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale.

    Attributes:
        bands: from left to right, together 100 wide.
        ticks: guessing, the edges of the bands and the target, from left to right.
        mark: where the baseline stands.
        interval: (left, width) of its 95 % confidence interval, None without one.
    """

    bands: list[Band]
    ticks: list[Tick]
    mark: float
    interval: tuple[float, float] | None


def scale(standing: Standing) -> Scale:
    """Draws where the baseline stands; what lies beyond an end of the axis is drawn at the end."""
    low, high = (_left(edge) for edge in standing.bands)
    ends = [_left(end) for end in standing.place_interval or ()]
    bands = [
        _band("fix", "fix the data", low),
        _band("own", "own model", high - low),
        _band("ship", "ship it", 100 - high),
    ]
    return Scale(bands, _ticks(standing), _left(standing.place), (ends[0], ends[1] - ends[0]) if ends else None)


def _band(tone: str, name: str, width: float) -> Band:
    return Band(tone, name if width >= _NARROWEST_NAMED else "", width)


def _left(share: float) -> float:
    return min(max(100 * (share - _START) / (_END - _START), 0.0), 100.0)


def _ticks(standing: Standing) -> list[Tick]:
    named = {edge: percent(edge) for edge in standing.bands} | {_guessing(standing): "guessing", 1.0: "target"}
    shares = sorted(named)
    lefts = [_left(share) for share in shares]
    lines = zip(*(_lines(lefts, width) for width in _TICK_WIDTHS), strict=True)
    return [
        Tick(left, number(_value_at(standing, share), 3), named[share], on)
        for share, left, on in zip(shares, lefts, lines, strict=True)
    ]


def _lines(lefts: Sequence[float], width: float) -> list[int]:
    """For texts of this width at ascending places, the uppermost line of each that has room for it."""
    ends: list[float] = []
    lines = []
    for left in lefts:
        line = next((line for line, end in enumerate(ends) if left >= end), len(ends))
        ends[line : line + 1] = [left + width]
        lines.append(line)
    return lines


def _guessing(standing: Standing) -> float:
    """Where guessing stands: at 0 by definition of the skill."""
    if standing.by == "skill":
        return 0.0
    over, under = standing.naive, standing.target
    if not HIGHER_IS_BETTER[standing.metric]:
        over, under = under, over
    return over / under if under > 0 else 0.0


def _value_at(standing: Standing, share: float) -> float | None:
    """The metric that is this share of the target; None where no value is."""
    if standing.by == "skill":
        return standing.naive + share * (standing.target - standing.naive)
    if HIGHER_IS_BETTER[standing.metric]:
        return share * standing.target
    return standing.target / share if share else None
