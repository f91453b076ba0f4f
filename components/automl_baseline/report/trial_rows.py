"""The leaderboard as rows of a table."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import shorten
from typing import Any

from ...models.leaderboard import Trial
from ...models.metrics import HIGHER_IS_BETTER
from ...reports.formats import number

LONGEST = 300  # characters of hyperparameters


def judged_by(trials: Sequence[Trial]) -> str:
    """The validation metric whose order the trials are in; "" where nothing was measured."""
    measured = [trial.validation for trial in trials if trial.validation]
    names = [name for name in (measured[0] if measured else ()) if all(name in each for each in measured)]
    ordered = (name for name in names if _is_ordered([each[name] for each in measured], HIGHER_IS_BETTER.get(name)))
    return next(ordered, next(iter(names), ""))


def trial_rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """{"name", "hyperparameters", "value", "share", "cpu_seconds", "chosen"} of each trial, in their order.

    `value` is that of the metric `judged_by`, or None; `share` is its bar's length in 0..1.
    """
    metric = judged_by(trials)
    values = [trial.validation.get(metric) for trial in trials]
    largest = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
    return [
        {
            "name": trial.name,
            "hyperparameters": shorten(in_words(trial.hyperparameters), LONGEST, placeholder=" …"),
            "value": value,
            "share": max(value or 0.0, 0.0) / largest,
            "cpu_seconds": trial.cpu_seconds,
            "chosen": trial.chosen,
        }
        for trial, value in zip(trials, values, strict=True)
    ]


def in_words(hyperparameters: Mapping[str, Any]) -> str:
    """Names with their values, separated by commas."""
    return ", ".join(
        f"{name} {number(value) if isinstance(value, float) else value}" for name, value in hyperparameters.items()
    )


def _is_ordered(values: Sequence[float], higher_is_better: bool | None) -> bool:
    signed = values if higher_is_better else [-value for value in values]
    return all(before >= after for before, after in pairwise(signed))
