"""What a search engine is asked for, and what it is told."""

from dataclasses import dataclass
from typing import Protocol

from .space import Value


@dataclass(frozen=True)
class Objective:
    """The validation metric that trials are judged by."""

    metric: str
    higher_is_better: bool


@dataclass(frozen=True)
class Suggestion:
    """Values to be tried next, under a number that stays the same after a restart."""

    number: int
    values: dict[str, Value]


@dataclass(frozen=True)
class Tried:
    """A trial that has ended.

    Attributes:
        number: of its suggestion, from 1.
        values: by lever.
        value: the best of the metric; None where the trial failed.
        seconds: of CPU time, since the last restart.
        reason: why it failed; "" where it did not.
    """

    number: int
    values: dict[str, Value]
    value: float | None
    seconds: float
    reason: str


class Study(Protocol):
    """A search that is gone on with where it was interrupted."""

    def suggest(self) -> Suggestion | None:
        """The trial that was interrupted, or a new one; None where nothing is left to try."""
        ...

    def complete(self, trial: Tried) -> None:
        """Notes how the trial that was suggested last has ended."""
        ...

    def tried(self) -> list[Tried]:
        """All trials that have ended, the oldest first."""
        ...
