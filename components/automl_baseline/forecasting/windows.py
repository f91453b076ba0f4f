"""Windows of the past in their own scale, in which series of any size are alike.

Each window has the mean (level) and the standard deviation (spread) of its own values taken out, which are put back
into the forecast (Kim et al. 2022, "Reversible Instance Normalization", https://openreview.net/forum?id=cGDAkQo1C0p).
All is float64, in the graph as here, so that a row takes the same branch of a tree on both sides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.folder import SeriesInput
from ...models.seasons import filled, season_places

_MOST_SEASONS = 8
_LEAST_RECENT = 7


@dataclass(frozen=True)
class Framing:
    """What a forecaster is called with, and what it knows of all windows.

    Attributes:
        described: the inputs.
        season: in periods; 1 for none. The context holds at least two.
        mean: of the training values, the level of a window without any.
    """

    described: SeriesInput
    season: int
    mean: float

    @property
    def same_season(self) -> NDArray[np.int64]:
        """Where a window has the same place in each of the last K seasons, the latest first: int64 [horizon, K]."""
        context, horizon = self.described["context"], self.described["horizon"]
        seasons = np.arange(min(context // self.season, _MOST_SEASONS))
        return season_places(context, horizon, self.season)[:, None] - self.season * seasons

    @property
    def season_means(self) -> NDArray[np.float64]:
        """Weights that give the means of the last one, two ... seasons: float64 [context, their number]."""
        age = np.arange(self.described["context"], 0, -1)[:, None]
        lengths = self.season * np.arange(1, self.same_season.shape[1] + 1)
        lengths = lengths[lengths < len(age)]  # the mean of all is 0
        return (age <= lengths) / lengths

    @property
    def recent(self) -> int:
        """How many of the last values trees look at one by one."""
        return min(max(self.season, _LEAST_RECENT), self.described["context"])


@dataclass(frozen=True)
class Windows:
    """N windows in their own scale.

    Attributes:
        scaled: float64 [N, context]; 0, the level, where missing.
        level: float64 [N, 1], in the unit of the label column.
        spread: float64 [N, 1], likewise; 0 where all values are the same.
        calendar: float64 [N, K], in the order of the described columns.
        steps: int64 [N], 1 to horizon.
    """

    scaled: NDArray[np.float64]
    level: NDArray[np.float64]
    spread: NDArray[np.float64]
    calendar: NDArray[np.float64]
    steps: NDArray[np.int64]

    def take(self, rows: NDArray[Any]) -> "Windows":
        """Some of the windows, by place or by mask."""
        return Windows(*(getattr(self, each.name)[rows] for each in fields(self)))


def scale(inputs: Mapping[str, NDArray[np.float32]], framing: Framing) -> Windows:
    """Brings a model's inputs (see `series_windows`) to their own scale."""
    past = filled(inputs["past"], framing.season)
    is_missing = np.isnan(past)
    count = (~is_missing).sum(axis=1, keepdims=True)
    means = np.where(is_missing, 0, past).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    level = np.where(count > 0, means, framing.mean)
    centred = np.where(is_missing, 0, past - level)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / np.maximum(count, 1))
    names = framing.described["columns"]
    calendar = np.hstack([inputs[name] for name in names]) if names else np.empty((len(past), 0))
    steps = inputs["step"][:, 0].astype(np.int64)
    return Windows(centred / np.where(spread > 0, spread, 1), level, spread, calendar.astype(np.float64), steps)
