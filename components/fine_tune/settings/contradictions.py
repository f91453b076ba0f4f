"""Levers that do not go together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...models.network_names import CLASSIFIERS, DETECTORS

if TYPE_CHECKING:
    from .config import FineTuneConfig


def contradictions(config: "FineTuneConfig") -> Iterator[str]:
    """Yields what is wrong with the levers together, each as a sentence for the user."""
    yield from _of_sources(config)
    yield from _of_schedule(config)
    yield from _of_unfreezing(config)


def _of_sources(config: "FineTuneConfig") -> Iterator[str]:
    """Of what is trained, and what it starts from."""
    known = (*DETECTORS, *CLASSIFIERS)
    if config.architecture and config.architecture not in known:
        yield f"architecture is {config.architecture!r}, but should be one of {', '.join(known)}"
    if config.module and not config.module.endswith(".py"):
        yield f"module is {config.module!r}, but should end in .py"
    kind = config.fine_tune_checkpoint_type
    if kind in ("detection", "classification") and not config.fine_tune_checkpoint:
        yield f"fine_tune_checkpoint_type is {kind}, which needs a fine_tune_checkpoint"


def _of_schedule(config: "FineTuneConfig") -> Iterator[str]:
    schedule, warmup, steps = config.learning_rate_schedule, config.warmup_steps, config.num_steps
    if schedule == "own" and not config.module:
        yield "learning_rate_schedule is own, which needs a module with a function learning_rate"
    if warmup is not None and steps is not None and warmup > steps:
        yield f"warmup_steps is {warmup}, but should be at most num_steps, {steps}"


def _of_unfreezing(config: "FineTuneConfig") -> Iterator[str]:
    steps, layers = config.unfreeze_at_step, config.unfreeze_from
    if isinstance(steps, list) != isinstance(layers, list):
        yield "unfreeze_at_step and unfreeze_from should both be lists, of steps and of layers, or neither"
    elif isinstance(steps, list) and isinstance(layers, list):
        if not steps or len(steps) != len(layers):
            yield f"unfreeze_at_step has {len(steps)} steps, but unfreeze_from {len(layers)} layers: give one for each"
        if sorted(set(steps)) != steps:
            yield f"unfreeze_at_step is {steps}, but its steps should ascend"
