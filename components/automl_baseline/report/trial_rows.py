"""The leaderboard as rows of a table."""

from collections.abc import Mapping, Sequence
from textwrap import shorten
from typing import Any

from ...models.leaderboard import Trial
from ...reports.formats import number

LONGEST = 300  # characters of hyperparameters


def judged_by(trials: Sequence[Trial]) -> str:
    """The validation metric that the trials were judged by, see `leaderboard`; "" where nothing was measured."""
    return next((next(iter(trial.validation)) for trial in trials if trial.validation), "")


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
