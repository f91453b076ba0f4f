"""A small search: candidates are tried one after the other, under a ceiling of wall-clock time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from ...errors import InputError
from ...models import hyperparameters, leaderboard
from ...models.folder import ModelFolder
from ...models.hyperparameters import Hyperparameters
from ...models.leaderboard import Trial
from ...models.metrics import HIGHER_IS_BETTER

EFFORTS = ("fast", "standard", "thorough")


class Candidate(Protocol):
    """Something to try."""

    @property
    def name(self) -> str:
        """The estimator in words."""
        ...

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """By the names that a custom training can start from, JSON values only."""
        ...


C = TypeVar("C", bound=Candidate)


@dataclass(frozen=True)
class Found(Generic[C]):
    """What a search came to.

    Attributes:
        best: the candidate that was chosen.
        trials: all that were tried, the best first.
        note: one sentence on how it was chosen.
        stopped: one sentence where the time limit cut the search short; otherwise "".
    """

    best: C
    trials: list[Trial]
    note: str
    stopped: str

    @property
    def parameters(self) -> dict[str, Any]:
        """For the model's parameters: what was chosen, and whether the search was cut short."""
        return self.best.hyperparameters | ({"stopped": self.stopped} if self.stopped else {})

    def write(self, model: ModelFolder) -> None:
        """Writes the leaderboard and the hyperparameters."""
        leaderboard.write(model.leaderboard, self.trials)
        chosen = Hyperparameters(estimator=self.best.name, hyperparameters=self.best.hyperparameters, note=self.note)
        hyperparameters.write(model.hyperparameters, chosen)


class Clock:
    """A ceiling of wall-clock time, in seconds from now on; 0 for none."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._start = time.monotonic()

    @property
    def is_up(self) -> bool:
        """Whether the time has passed."""
        return 0 < self.limit <= time.monotonic() - self._start


def check_effort(effort: str) -> None:
    """Refuses an effort that is not one of `EFFORTS`.

    Raises:
        InputError: it is not.
    """
    if effort not in EFFORTS:
        raise InputError(f"baseline_effort {effort!r} is not for images: use {', '.join(EFFORTS)}")


def search(
    candidates: Sequence[C],
    prepare: Callable[[C], object],
    measure: Callable[[C], dict[str, float]],
    metric: str,
    judged_on: str,
    clock: Clock,
) -> Found[C]:
    """Tries candidates and chooses the best; between equals, the earlier.

    Args:
        candidates: one at least, the cheap ones first; the first is always tried.
        prepare: makes what several candidates share, such as features; not counted to a trial's CPU seconds.
        measure: fits a candidate; its metrics on items that it was not fitted on, or nothing where there are none.
        metric: that decides.
        judged_on: those items in words.
        clock: looked at before each candidate but the first.
    """
    tried: list[tuple[C, Trial]] = []
    for candidate in candidates:
        if tried and clock.is_up:
            break
        prepare(candidate)
        start = time.process_time()
        validation = measure(candidate)
        seconds = round(time.process_time() - start, 2)
        if validation:
            validation = {metric: validation[metric], **validation}
        tried.append((candidate, _trial(candidate, validation, seconds)))
        reached = "".join(f"{name} {value:.4f}, " for name, value in validation.items())
        print(f"trial {len(tried)} of {len(candidates)}: {reached}{seconds} CPU s", flush=True)
    sign = -1 if HIGHER_IS_BETTER[metric] else 1
    (best, first), *others = sorted(tried, key=lambda pair: sign * pair[1].validation.get(metric, 0.0))
    note = f"The best {metric} of {len(tried)} trials on {judged_on}." if others else "Nothing else was tried."
    trials = [replace(first, chosen=True), *(trial for _, trial in others)]
    return Found(best, trials, note, _stopped(len(tried), len(candidates), clock))


def _trial(candidate: Candidate, validation: dict[str, float], seconds: float) -> Trial:
    return Trial(
        name=candidate.name,
        hyperparameters=candidate.hyperparameters,
        validation=validation,
        cpu_seconds=seconds,
        chosen=False,
    )


def _stopped(tried: int, candidates: int, clock: Clock) -> str:
    if tried == candidates:
        return ""
    return f"The time limit of {clock.limit:g} s was reached after {tried} of {candidates} trials."
