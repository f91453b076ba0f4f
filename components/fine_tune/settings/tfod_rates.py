"""Learning rates of the TF Object Detection API, as far as they are ours; see its `utils/learning_schedules.py`."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from .messages import Message


def learning_rate(message: Message, num_steps: int) -> dict[str, Any]:
    """Levers of a message `LearningRate`; none for a schedule that ours cannot follow, which is then left in the file.

    Args:
        message: what is taken over is noted in it.
        num_steps: of the training; 0 for no end.
    """
    for name, read in _SCHEDULES.items():
        if name in message.names():
            return read(message, message.child(name), num_steps)
    return {}


def _constant(_: Message, rate: Message, __: int) -> dict[str, Any]:
    values = {"learning_rate": rate.number("learning_rate", 0.002)}
    rate.take("learning_rate")
    return values | {"learning_rate_schedule": "constant", "warmup_steps": 0}


def _cosine(_: Message, rate: Message, num_steps: int) -> dict[str, Any]:
    """Ours warms up from 0 and ends with the training."""
    values = {
        "learning_rate": rate.number("learning_rate_base", 0.002),
        "warmup_steps": rate.count("warmup_steps", 10000),
    }
    rate.take("learning_rate_base", "warmup_steps")
    if rate.count("total_steps", 4000000) == num_steps:
        rate.take("total_steps")
    if rate.count("hold_base_rate_steps", 0) == 0:
        rate.take("hold_base_rate_steps")
    return values | {"learning_rate_schedule": "cosine"}


def _exponential(_: Message, rate: Message, __: int) -> dict[str, Any]:
    values = {
        "learning_rate": rate.number("initial_learning_rate", 0.002),
        "decay_steps": rate.count("decay_steps", 4000000),
        "decay_factor": rate.number("decay_factor", 0.95),
    }
    schedule = "step" if rate.flag("staircase", True) else "exponential"
    rate.take("initial_learning_rate", "decay_steps", "decay_factor", "staircase")
    return values | {"learning_rate_schedule": schedule, "warmup_steps": 0}


def _manual(rates: Message, rate: Message, num_steps: int) -> dict[str, Any]:
    """Ours falls by the same factor after the same number of steps; what lies behind the end does not count."""
    first = last = rate.number("initial_learning_rate", 0.002)
    changes = []
    for change in rate.children("schedule"):
        step, value = change.count("step", 0), change.number("learning_rate", 0.002)
        if value != last and (step < num_steps or not num_steps):
            changes.append((step, value))
        last = value
    values = {"learning_rate": first, "warmup_steps": 0, "learning_rate_schedule": "constant"}
    if changes:
        period, factor = changes[0][0], changes[0][1] / first
        if not _is_regular(changes, first, num_steps) or factor > 1:
            return {}
        values |= {"learning_rate_schedule": "step", "decay_steps": period, "decay_factor": factor}
    if rate.flag("warmup", False):
        return {}
    rates.take("manual_step_learning_rate")
    return values


def _is_regular(changes: list[tuple[int, float]], first: float, num_steps: int) -> bool:
    """Whether these are all changes up to the end of a rate that falls by one factor after one number of steps."""
    period, factor = changes[0][0], changes[0][1] / first
    same = all(
        step == count * period and math.isclose(value, first * factor**count, rel_tol=1e-6)
        for count, (step, value) in enumerate(changes, 1)
    )
    return same and 0 < num_steps <= (len(changes) + 1) * period


_SCHEDULES: Mapping[str, Callable[[Message, Message, int], dict[str, Any]]] = {
    "constant_learning_rate": _constant,
    "cosine_decay_learning_rate": _cosine,
    "exponential_decay_learning_rate": _exponential,
    "manual_step_learning_rate": _manual,
}
