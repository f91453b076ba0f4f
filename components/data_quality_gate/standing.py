"""Where the baseline stands between guessing and the target.

Skill = (metric - naive) / (target - naive): 0 is what is reached without looking at the data, 1 is the target. It is
the skill score of forecast verification (Murphy 1988, https://doi.org/10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2)
and works the same way where lower is better. The raw ratio, metric / target, is beside it: it flatters a model that
has learned nothing, since a majority of 87 % is 87 % of the way to 100 %.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..data.items import Task
from ..errors import InputError
from ..models.metrics import DEFAULT_METRIC, HIGHER_IS_BETTER, METRICS
from ..reports.formats import number
from .naive import guessing

Measure = Literal["skill", "ratio"]
# The bands of the verdict, as shares of the target.
FIX_BELOW = 0.5
DEPLOY_ABOVE = 0.8
# The best value of a metric, by whether higher is better.
BEST = {True: 1.0, False: 0.0}


@dataclass(frozen=True, slots=True)
class Target:
    """What the user wants of the baseline, and what follows from how much of it is reached.

    Attributes:
        metric: name, or "" for the task's usual one.
        value: to reach, or 0 for the metric's best value (1, or 0 where lower is better).
        by: whether the share that is reached is the skill or the raw ratio.
        fix_below: the share under which the data are to be mended, 0 to 1.
        deploy_above: the share above which the baseline may be shipped, 0 to 1, not below `fix_below`.
    """

    metric: str = ""
    value: float = 0.0
    by: Measure = "skill"
    fix_below: float = FIX_BELOW
    deploy_above: float = DEPLOY_ABOVE

    def check(self, task: Task) -> None:
        """Refuses what can be no target of a task, before anything costly is done for it.

        Raises:
            InputError: the metric is not one of the task, the value lies beyond its best, or the bands are none.
        """
        if not 0 <= self.fix_below <= self.deploy_above <= 1:
            raise InputError(
                f"fix_below {self.fix_below:g} and deploy_above {self.deploy_above:g} are no bands: give shares of the "
                "target between 0 and 1, the first not above the second."
            )
        if self.by == "ratio" and not self.value:
            raise InputError("judge_by=ratio needs a target_value: without one there is nothing to be a share of.")
        name = self.metric_of(task)
        if name not in METRICS[task]:
            raise InputError(f"target_metric {name!r} is none of {task}: use one of {', '.join(METRICS[task])}.")
        best = BEST[HIGHER_IS_BETTER[name]]
        if not math.isfinite(self.value) or (self.value > best if HIGHER_IS_BETTER[name] else self.value < best):
            raise InputError(f"target_value {self.value:g} cannot be reached: the best {name} is {best:g}.")

    def metric_of(self, task: Task) -> str:
        """The metric to judge a task by."""
        return self.metric.strip() or DEFAULT_METRIC[task]


@dataclass(frozen=True, slots=True)
class Standing:
    """The baseline's metric on the test split beside its target and the naive value.

    Attributes:
        metric: its name.
        baseline: the baseline's value.
        target: the value to reach.
        naive: the value of a model that has learned nothing.
        target_is_given: or else it is the metric's best value.
        interval: 95 % confidence interval of the baseline's value, (low, high); None where it has none.
        by: which share of the target is judged.
        bands: the shares that the verdict changes at: fix below the first, deploy above the second. Without a given
            target the first is 0: of a target that nobody has named, no share can be too little.
    """

    metric: str
    baseline: float
    target: float
    naive: float
    target_is_given: bool
    interval: tuple[float, float] | None = None
    by: Measure = "skill"
    bands: tuple[float, float] = (FIX_BELOW, DEPLOY_ABOVE)

    @property
    def skill(self) -> float:
        """0 at the naive value, 1 at the target; unbounded on both sides."""
        return self._skill_at(self.baseline)

    @property
    def raw_ratio(self) -> float | None:
        """The metric as a share of the target (where lower is better, target over metric); None where undefined."""
        return self._ratio_at(self.baseline)

    @property
    def place(self) -> float:
        """The share of the target that is judged."""
        return self._place_at(self.baseline)

    @property
    def place_interval(self) -> tuple[float, float] | None:
        """95 % confidence interval of `place`, carried through from the baseline's metric; the naive value is fixed."""
        if self.interval is None:
            return None
        one, other = (self._place_at(end) for end in self.interval)
        return min(one, other), max(one, other)

    def _place_at(self, value: float) -> float:
        return self._skill_at(value) if self.by == "skill" else self._ratio_at(value) or 0.0

    def _skill_at(self, value: float) -> float:
        # Rounded, so that a value on the edge of a band does not fall off it by a floating point error.
        return round((value - self.naive) / (self.target - self.naive), 9)

    def _ratio_at(self, value: float) -> float | None:
        over, under = (value, self.target) if HIGHER_IS_BETTER[self.metric] else (self.target, value)
        return round(over / under, 9) if under > 0 and self.target > 0 else None


def checked_measure(by: str) -> Measure:
    """Lets `skill` and `ratio` pass.

    Raises:
        InputError: it is another word.
    """
    for measure in get_args(Measure):
        if by == measure:
            return measure
    raise InputError(f"judge_by is {by!r}: use skill or ratio.")


def standing(
    task: Task,
    metrics: Mapping[str, float],
    naive: Mapping[str, float],
    target: Target,
    intervals: Mapping[str, Sequence[float]] | None = None,
) -> Standing:
    """Places the baseline.

    Args:
        task: by which the metric is chosen where none is named.
        metrics: of the baseline, one at least.
        naive: of the naive model.
        target: what is wanted.
        intervals: [low, high] of the baseline's metrics, of those that have one.

    Raises:
        InputError: the baseline has no such metric, or the target cannot be one.
    """
    target.check(task)
    name = target.metric_of(task)
    known = [metric for metric in HIGHER_IS_BETTER if metric in metrics and metric in naive]
    if name not in known:
        raise InputError(f"target_metric {name!r} is not among the baseline's metrics: it has {', '.join(known)}.")
    value = target.value or BEST[HIGHER_IS_BETTER[name]]
    _check_beyond_guessing(name, value, naive[name], guessing(task))
    interval = (intervals or {}).get(name)
    return Standing(
        metric=name,
        baseline=metrics[name],
        target=value,
        naive=naive[name],
        target_is_given=bool(target.value),
        interval=(interval[0], interval[1]) if interval else None,
        by=target.by,
        bands=(target.fix_below if target.value else 0.0, target.deploy_above),
    )


def _check_beyond_guessing(name: str, target: float, naive: float, guess: str) -> None:
    higher = HIGHER_IS_BETTER[name]
    if naive == BEST[higher]:
        raise InputError(
            f"the test split cannot tell a model from none: {name} is {naive:g}, its best, when {guess}; "
            "add test items that differ, or judge by another target_metric."
        )
    if target <= naive if higher else target >= naive:
        raise InputError(
            f"target_value {target:g} is no target: {name} is {number(naive)} when {guess}; "
            f"give a {'higher' if higher else 'lower'} one."
        )
