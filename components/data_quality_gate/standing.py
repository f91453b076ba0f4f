"""Where the baseline stands between guessing and the target.

Skill = (metric - naive) / (target - naive): 0 is what is reached without looking at the data, 1 is the target. It is
the skill score of forecast verification (Murphy 1988, https://doi.org/10.1175/1520-0493(1988)116<2417:SSBOTM>2.0.CO;2)
and works the same way where lower is better.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..data.items import Task
from ..errors import InputError
from ..models.metrics import DEFAULT_METRIC, HIGHER_IS_BETTER
from .naive import guessing

# The bands of the verdict, in skill.
FIX_BELOW = 0.5
DEPLOY_ABOVE = 0.8


@dataclass(frozen=True, slots=True)
class Standing:
    """The baseline's metric on the test split beside its target and the naive value.

    Attributes:
        metric: its name.
        baseline: the baseline's value.
        target: the value to reach.
        naive: the value of a model that has learned nothing.
        target_is_given: or else it is the metric's best value.
    """

    metric: str
    baseline: float
    target: float
    naive: float
    target_is_given: bool

    @property
    def skill(self) -> float:
        """0 at the naive value, 1 at the target; unbounded on both sides."""
        # Rounded, so that a value on the edge of a band does not fall off it by a floating point error.
        return round((self.baseline - self.naive) / (self.target - self.naive), 9)

    @property
    def raw_ratio(self) -> float | None:
        """The metric as a share of the target (where lower is better, target over metric); None where undefined."""
        over, under = self.baseline, self.target
        if not HIGHER_IS_BETTER[self.metric]:
            over, under = under, over
        return over / under if under > 0 and self.target > 0 else None


def standing(
    task: Task, metrics: Mapping[str, float], naive: Mapping[str, float], target_metric: str, target_value: float
) -> Standing:
    """Places the baseline.

    Args:
        task: by which the metric is chosen where none is named.
        metrics: of the baseline.
        naive: of the naive model.
        target_metric: name, or "" for the task's usual one.
        target_value: to reach, or 0 for the metric's best value (1, or 0 where lower is better).

    Raises:
        InputError: the baseline has no such metric, or the target cannot be a target.
    """
    name = target_metric.strip() or DEFAULT_METRIC[task]
    known = [metric for metric in HIGHER_IS_BETTER if metric in metrics and metric in naive]
    if name not in known:
        listed = f"it has {', '.join(known)}" if known else "its test split has no labelled item to measure on"
        raise InputError(f"target_metric {name!r} is not among the baseline's metrics: {listed}.")
    best = 1.0 if HIGHER_IS_BETTER[name] else 0.0
    target = target_value or best
    _check_target(name, target, best, naive[name], guessing(task))
    return Standing(name, metrics[name], target, naive[name], target_is_given=bool(target_value))


def _check_target(name: str, target: float, best: float, naive: float, guess: str) -> None:
    higher = HIGHER_IS_BETTER[name]
    if not math.isfinite(target) or (target > best if higher else target < best):
        raise InputError(f"target_value {target:g} cannot be reached: the best {name} is {best:g}.")
    if target <= naive if higher else target >= naive:
        raise InputError(
            f"target_value {target:g} is no target: {name} is {naive:.4g} when {guess}; "
            f"give a {'higher' if higher else 'lower'} one."
        )
