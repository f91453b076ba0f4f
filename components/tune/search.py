"""What is searched, checked before anything is trained."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..fine_tune.settings.config import FineTuneConfig
from ..models.folder import ModelFolder
from .space import Space, Value, default_space, read_space, resolved, some_values, starting_points
from .study import Objective
from .trial import WithoutTest, objective_of


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        dataset: to be trained on.
        baseline: that trainings start from; None for none.
        levers: that all trials have in common.
        space: the levers that are searched.
        starts: points that are tried first.
        objective: that trials are judged by.
    """

    dataset: WithoutTest
    baseline: ModelFolder | None
    levers: FineTuneConfig
    space: Space
    starts: Sequence[dict[str, Value]]
    objective: Objective

    @property
    def name(self) -> str:
        """Of the study: another one for other data, levers, space, or points to start from."""
        space = {name: each if isinstance(each, tuple) else each.model_dump() for name, each in self.space.items()}
        parts = (self.dataset.digests, self.levers.model_dump(mode="json"), space, list(self.starts))
        return f"graduate-tune-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


def make_search(dataset: str | Path, baseline: str | Path, levers: FineTuneConfig, search_space: str) -> Search:
    """The search that is asked for, see `tune`.

    Raises:
        InputError: the data cannot be learned from, or a lever cannot be searched.
    """
    data, start = WithoutTest.open(dataset), ModelFolder.open(baseline) if baseline else None
    # What a training would begin with, with and without the baseline's findings.
    warm, plain = resolved(data, levers, start), resolved(data, levers, None)
    space = read_space(search_space, levers) if search_space else default_space(data, warm)
    for name, values in space.items():  # refused here where the task has no use for it
        resolved(data, levers.with_values(**{name: some_values(name, values)[0]}), start)
    return Search(data, start, levers, space, starting_points(space, (warm, plain)), objective_of(data, levers.module))
