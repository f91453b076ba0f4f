"""The search for a tabular baseline: what is tried in each tier, and which trial is taken."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Task
from ...models.feature_transforms import FeatureTransform
from ...models.leaderboard import Trial
from ...models.table_rows import labelled_rows
from . import portfolio
from .candidates import Candidate, mean_of
from .pipeline import LOSS, column_transformer, features
from .portfolio import Config, LocalSearch
from .recipe import SHARES_OF_COLUMNS, with_chosen_trees
from .rounds import Round, make_rounds, measure

_SUGGESTIONS = {"fast": 0, "standard": 1, "thorough": 3}
_STEPS = 16  # of the local search
_MEAN_OF = 3  # of the best LightGBM trials
# Losses this close are a draw, which the smaller model wins: the held-out rows cannot tell them apart.
_DRAW = 1.002

Tried = tuple[Candidate, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a search came to.

    Attributes:
        chosen: the candidate to fit.
        trials: the leaderboard, best first.
        hit_time_limit: whether there was more to try when the time was over.
    """

    chosen: Candidate
    trials: list[Trial]
    hit_time_limit: bool


def search(
    dataset: Dataset, transforms: Sequence[FeatureTransform], effort: str, seed: int, time_limit: float = 0.0
) -> Search:
    """Measures candidates on held-out rows, the same for all of them (see `rounds`).

    `fast` tries the fast recipe, `standard` FLAML's best suggestion besides, `thorough` three of its suggestions,
    then what its local search finds around the best, then for numbers the mean of the three best.

    Args:
        dataset: a table.
        transforms: of all its columns.
        effort: `fast`, `standard` or `thorough`.
        seed: of everything random.
        time_limit: wall-clock seconds after which no further trial is started; 0 for none.
    """
    training = labelled_rows(dataset, "train")
    truth = training[dataset.label_column].to_numpy()
    rounds = make_rounds(dataset, transforms, column_transformer(dataset.task, transforms), seed)
    attempts = _attempts(dataset.task, features(training, transforms), truth, rounds, effort, seed)
    return try_all(dataset.task, attempts, time_limit)


def try_all(task: Task, attempts: Iterable[Callable[[], Tried]], time_limit: float) -> Search:
    """Makes one attempt after the other, and takes the candidate that did best.

    Args:
        task: what the labels are.
        attempts: each is called before the next is asked for.
        time_limit: wall-clock seconds after which no further attempt is made; 0 for none.
    """
    loss, deadline = LOSS[task], time.monotonic() + (time_limit or math.inf)
    tried, seconds, hit_time_limit = [], [], False
    for attempt in attempts:
        if tried and time.monotonic() > deadline:
            print(f"time limit of {time_limit:g} s: no further trial", flush=True)
            hit_time_limit = True
            break
        start = time.process_time()
        candidate, metrics = attempt()
        tried.append((candidate, metrics))
        seconds.append(round(time.process_time() - start, 2))
        print(f"trial {len(tried)}, {candidate.name}: {loss} {metrics[loss]:.5g}, {seconds[-1]} CPU s", flush=True)
    chosen, trials = _judge(task, tried, seconds)
    return Search(chosen=chosen, trials=trials, hit_time_limit=hit_time_limit)


def _attempts(
    task: Task, rows: pd.DataFrame, truth: NDArray[Any], rounds: Sequence[Round], effort: str, seed: int
) -> Iterator[Callable[[], Tried]]:
    """What to try, one after the other; each is called before the next is asked for."""
    configs = portfolio.suggestions(task, rows, truth)[: _SUGGESTIONS[effort]] if _SUGGESTIONS[effort] else []
    measured: list[tuple[Config, float]] = []

    def run(config: Config) -> Tried:
        candidate = portfolio.candidate(task, config, seed)
        metrics = measure(candidate.estimator, rounds)
        measured.append((config, metrics[LOSS[task]]))
        return candidate, metrics

    yield from (partial(with_chosen_trees, task, share, rounds, seed) for share in SHARES_OF_COLUMNS)
    yield from (partial(run, config) for config in configs)
    if effort == "thorough":
        search = LocalSearch(measured, task, truth, seed)
        for config in islice(iter(search.ask, None), _STEPS):
            yield partial(run, config)
            search.tell(*measured[-1])
        # A mean of numbers is again a sum over trees; one of probabilities is not.
        if task.predicts_numbers and len(measured) > 1:
            best = sorted(measured, key=lambda each: each[1])[:_MEAN_OF]
            mean = mean_of([portfolio.candidate(task, config, seed) for config, _ in best])
            yield lambda: (mean, measure(mean.estimator, rounds))


def _judge(task: Task, tried: Sequence[Tried], seconds: Sequence[float]) -> tuple[Candidate, list[Trial]]:
    """The trial to take, and the leaderboard."""
    loss = LOSS[task]
    least = min(metrics[loss] for _, metrics in tried)
    chosen = min((each for each, metrics in tried if metrics[loss] <= least * _DRAW), key=lambda each: each.size)
    trials = [
        Trial(
            name=candidate.name,
            hyperparameters=candidate.hyperparameters,
            validation={loss: metrics[loss], **metrics},
            cpu_seconds=cpu_seconds,
            chosen=candidate is chosen,
        )
        for (candidate, metrics), cpu_seconds in zip(tried, seconds, strict=True)
    ]
    return chosen, sorted(trials, key=lambda trial: trial.validation[loss])
