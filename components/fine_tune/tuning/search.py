"""What is searched, checked before anything is trained."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...models.folder import ModelFolder
from ..own.module import load
from ..settings.config import FineTuneConfig
from .space import Space, Value, default_space, read_space, some_values, starting_points
from .start import resolver
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
        warm_start: what the baseline's hyperparameters have to do with where it starts, in words.
        own_digest: of the team's own module; "" for none.
    """

    dataset: WithoutTest
    baseline: ModelFolder | None
    levers: FineTuneConfig
    space: Space
    starts: Sequence[dict[str, Value]]
    objective: Objective
    warm_start: str
    own_digest: str

    @property
    def name(self) -> str:
        """Of the study: another one for other data, levers, own module, space, or points to start from."""
        space = {name: each if isinstance(each, tuple) else each.model_dump() for name, each in self.space.items()}
        levers = self.levers.model_dump(mode="json")
        parts = (self.dataset.digests, levers, self.own_digest, space, list(self.starts))
        return f"graduate-tune-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


def make_search(dataset: str | Path, baseline: str | Path, levers: FineTuneConfig, search_space: str) -> Search:
    """The search that is asked for, see `tune`.

    Raises:
        InputError: the data cannot be learned from, a lever cannot be searched, or the own module cannot be used.
    """
    data, start = WithoutTest.open(dataset), ModelFolder.open(baseline) if baseline else None
    own = load(levers.module)
    resolve = resolver(data, levers, own)
    (warm, warm_start), (plain, _) = resolve(levers, start), resolve(levers, None)
    space = read_space(search_space, levers) if search_space else default_space(data, warm)
    for name, values in space.items():  # refused here where the task has no use for it
        resolve(levers.with_values(**{name: some_values(name, values)[0]}), start)
    points = starting_points(space, (warm, plain))
    return Search(data, start, levers, space, points, objective_of(data, own), warm_start, own.digest)
