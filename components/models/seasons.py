"""Seasons of time series: how long one is, and the forecast that repeats the last one.

Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., sections 2.8 and 5.2, https://otexts.com/fpp3
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.periods import Period
from .folder import SeriesInput
from .series_windows import SeriesRows

# Cycles that people and machines live by, in days: hour, day, week, year.
_CYCLES = (1 / 24, 1.0, 7.0, 365.2425)
# In periods; windows are twice as long, and each step ahead has a weight for each of their values.
_LONGEST = 200
# Below that, the rows one season apart have too little in common to speak of a season.
_LEAST_CORRELATION = 0.1


def find_season(known: SeriesRows, period: Period) -> int:
    """The season of the training rows, in periods; 1 where there is none.

    Of the seasons that such a period can have, it is the one with the largest autocorrelation of the differences of
    neighbouring values, which have no trend.
    """
    longest = min(_LONGEST, int(known.place[known.splits == "train"].max(initial=0) + 1) // 2)
    seasons = {round(cycle / period.days) for cycle in _CYCLES}
    found = {season: _autocorrelation(known, season) for season in sorted(seasons) if 2 <= season <= longest}
    best = max(found, key=lambda season: found[season], default=1)
    return best if found.get(best, 0.0) > _LEAST_CORRELATION else 1


def _autocorrelation(known: SeriesRows, lag: int) -> float:
    """Of the differences of neighbouring training values, each series in its own scale; 0 where there are none."""
    is_train = known.splits == "train"
    # By series: their sizes may differ by orders of magnitude.
    deviations = pd.Series(np.where(is_train, known.truth, np.nan)).groupby(known.series).transform("std").to_numpy()
    values, at = known.grid(lag + 1)
    scaled = np.full_like(values, np.nan)
    scaled[at] = np.where(is_train & (deviations > 0), known.truth / np.where(deviations > 0, deviations, 1), np.nan)
    steps = np.diff(scaled)
    later, earlier = steps[lag:], steps[:-lag]
    both = np.isfinite(later) & np.isfinite(earlier)
    size = np.sqrt((later[both] ** 2).sum() * (earlier[both] ** 2).sum())
    return float((later[both] * earlier[both]).sum() / size) if size else 0.0


def season_places(context: int, horizon: int, season: int) -> NDArray[np.int64]:
    """Where a window of `context` values holds the latest value of the same place in the season, int64 [horizon]."""
    ahead = np.arange(1, horizon + 1)
    return context - 1 + ahead - season * -(-ahead // season)


def filled(past: NDArray[np.floating], season: int) -> NDArray[np.float64]:
    """Windows [N, context] whose missing values are those of one season before, where these are not missing too."""
    values = past.astype(np.float64)
    earlier = np.full_like(values, np.nan)
    earlier[:, season:] = values[:, :-season]
    return np.where(np.isnan(values), earlier, values)


def seasonal_naive(dataset: Dataset, split: str) -> dict[str, float]:
    """The forecast of a split that repeats the last season (without a season, the last value), by row id.

    Where there is no such value, it is the mean of the window before, or of all training values.
    """
    known, period = SeriesRows(dataset), Period.parse(dataset.period)
    season = find_season(known, period)
    context = season * (1 + -(-max(dataset.horizon, season) // season))
    described: SeriesInput = {
        "kind": "series",
        "context": context,
        "horizon": dataset.horizon,
        "period": dataset.period,
        "columns": [],
    }
    rows, steps = known.of_split(split, dataset.horizon)
    past = filled(known.inputs(rows, steps, described)["past"], season)
    values = past[np.arange(len(rows)), season_places(context, dataset.horizon, season)[steps - 1]]
    count = np.isfinite(past).sum(axis=1)
    means = np.where(count > 0, np.nansum(past, axis=1) / np.maximum(count, 1), known.training_mean)
    return dict(zip(known.ids[rows].tolist(), np.where(np.isnan(values), means, values).tolist(), strict=True))
