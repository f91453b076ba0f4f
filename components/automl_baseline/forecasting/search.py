"""The search for a forecasting baseline: naive forecasts, linear models and boosted trees, compared on validation."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ...data.dataset import Dataset
from ...data.periods import Period
from ...errors import InputError
from ...models.folder import SeriesInput
from ...models.leaderboard import Trial
from ...models.metrics import forecast_metrics
from ...models.seasons import find_season
from ...models.series_windows import SeriesRows, calendar_columns
from .candidates import FAST, MORE, SEASONAL, Candidate, fit
from .forecasters import Forecaster
from .samples import Samples, validation_samples, windows_of
from .windows import Framing

# Fewer values tell too little of a series' level and spread; more take minutes to fit.
_SHORTEST_CONTEXT, _LONGEST_CONTEXT = 28, 512


@dataclass(frozen=True)
class Search:
    """What a search came to.

    Attributes:
        chosen: the candidate of the forecaster.
        forecaster: fitted on the training rows.
        trials: the leaderboard, best first.
        hit_time_limit: whether there was more to try when the time was over.
    """

    chosen: Candidate
    forecaster: Forecaster
    trials: list[Trial]
    hit_time_limit: bool


def search(dataset: Dataset, known: SeriesRows, effort: str, seed: int, time_limit: float) -> Search:
    """Fits each candidate on the training rows and takes the one with the least RMSE on the validation rows.

    Args:
        dataset: of time series.
        known: its rows.
        effort: `fast`; else more contexts and hyperparameters are tried.
        seed: of the samples that are drawn, and of the trees.
        time_limit: wall-clock seconds after which no further trial is started; 0 for none.

    Raises:
        InputError: no validation row has a value.
    """
    season = find_season(known, Period.parse(dataset.period))
    attempts = _attempts(dataset, known, season, effort)
    held_out = validation_samples(known, dataset.horizon, seed)
    if not len(held_out.rows):
        raise InputError(f"{dataset.path}: no row of the validation split has a value in {dataset.label_column!r}.")
    print(f"season: {season} times {dataset.period}" if season > 1 else "no season", flush=True)
    deadline = time.monotonic() + (time_limit or math.inf)
    tried: list[tuple[Candidate, Forecaster, Trial]] = []
    for candidate, framing in attempts:
        if tried and time.monotonic() > deadline:
            print(f"time limit of {time_limit:g} s: no further trial", flush=True)
            break
        tried.append(_try(candidate, framing, known, held_out, seed))
    chosen, forecaster, best = min(tried, key=lambda each: each[2].validation["rmse"])
    return Search(chosen, forecaster, list(_ranked(tried, best)), hit_time_limit=len(tried) < len(attempts))


def _attempts(dataset: Dataset, known: SeriesRows, season: int, effort: str) -> list[tuple[Candidate, Framing]]:
    """What to try; where series are short, longer windows are the same again, and tried once."""
    attempts = {}
    for candidate in (*FAST, *(() if effort == "fast" else MORE)):
        if season > 1 or candidate not in SEASONAL:
            framing = _framing(dataset, known, season, candidate.stretch)
            key = (candidate.kind, str(candidate.hyperparameters), framing.described["context"])
            attempts.setdefault(key, (candidate, framing))
    return list(attempts.values())


def _framing(dataset: Dataset, known: SeriesRows, season: int, stretch: int) -> Framing:
    """Windows of whole seasons: at least two, and twice the horizon; `stretch` times as long where there is so much."""
    shortest = max(2 * season, 2 * dataset.horizon, _SHORTEST_CONTEXT)
    longest = max(min(int(known.place.max()) + 1, _LONGEST_CONTEXT), 2 * season)
    seasons = min(-(-shortest * stretch // season), longest // season)
    period = Period.parse(dataset.period)
    described: SeriesInput = {
        "kind": "series",
        "context": max(seasons, 2) * season,
        "horizon": dataset.horizon,
        "period": dataset.period,
        "columns": calendar_columns(period),
    }
    return Framing(described, season, known.training_mean)


def _try(
    candidate: Candidate, framing: Framing, known: SeriesRows, held_out: Samples, seed: int
) -> tuple[Candidate, Forecaster, Trial]:
    start = time.process_time()
    forecaster = fit(candidate, framing, known, seed)
    predicted = forecaster.unscaled(windows_of(known, held_out, framing))
    measured = forecast_metrics(known.truth[held_out.rows], predicted)
    seconds = round(time.process_time() - start, 2)
    settings = {"context": framing.described["context"], **candidate.hyperparameters}
    print(f"{candidate.kind} {settings}: rmse {measured['rmse']:.5g}, {seconds} CPU s", flush=True)
    trial = Trial(
        name=candidate.kind.capitalize(),
        hyperparameters=settings,
        validation=measured,
        cpu_seconds=seconds,
        chosen=False,
    )
    return candidate, forecaster, trial


def _ranked(tried: list[tuple[Candidate, Forecaster, Trial]], best: Trial) -> Iterator[Trial]:
    for _, _, trial in sorted(tried, key=lambda each: each[2].validation["rmse"]):
        yield replace(trial, chosen=trial is best)
