"""What forecasters are fitted and compared on: rows, each as seen from forecast origins some steps before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...models.series_windows import SeriesRows
from .windows import Framing, Windows, scale

# Where there are more samples, so many are drawn at random: enough to learn from, in seconds and with little memory.
_MOST_SAMPLES = 100_000
_MOST_NUMBERS = 8_000_000  # in all windows together
_MOST_HELD_OUT = 15_000
# A jump out of a calm window would weigh as much as all the other rows.
_LARGEST_ANSWER = 10.0
# Below that share of the level, the spread is rounding.
_SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True)
class Samples:
    """Rows and the steps from their origins.

    Attributes:
        rows: places in a `SeriesRows`, int64 [N].
        steps: int64 [N], 1 to horizon.
    """

    rows: NDArray[np.int64]
    steps: NDArray[np.int64]


def training_samples(known: SeriesRows, context: int, horizon: int, seed: int) -> Samples:
    """Labelled training rows from every step, where half a window precedes the origin (less in short series)."""
    longest = int(known.place[known.splits == "train"].max()) + 1
    least_past = max(1, min(context // 2, longest - horizon))
    samples = _drawn(known, "train", horizon, seed, min(_MOST_SAMPLES, _MOST_NUMBERS // context))
    has_past = known.place[samples.rows] - samples.steps >= least_past - 1
    return Samples(samples.rows[has_past], samples.steps[has_past])


def validation_samples(known: SeriesRows, horizon: int, seed: int) -> Samples:
    """Labelled validation rows from every step: so many origins tell candidates apart better than the split's one."""
    samples = _drawn(known, "validation", horizon, seed, _MOST_HELD_OUT)
    has_past = known.place[samples.rows] >= samples.steps
    return Samples(samples.rows[has_past], samples.steps[has_past])


def windows_of(known: SeriesRows, samples: Samples, framing: Framing) -> Windows:
    """The samples' windows in their own scale."""
    return scale(known.inputs(samples.rows, samples.steps, framing.described), framing)


def answers_of(known: SeriesRows, samples: Samples, windows: Windows) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What came, [N], in the windows' own scale, and where that can be learned from: not where all values are equal."""
    spread, level = windows.spread[:, 0], windows.level[:, 0]
    is_varied = spread > _SMALLEST_SPREAD * np.abs(level)
    answers = (known.truth[samples.rows] - level) / np.where(is_varied, spread, 1)
    return np.clip(answers, -_LARGEST_ANSWER, _LARGEST_ANSWER), is_varied


def _drawn(known: SeriesRows, split: str, horizon: int, seed: int, most: int) -> Samples:
    rows = np.flatnonzero((known.splits == split) & np.isfinite(known.truth))
    count = len(rows) * horizon
    pairs = np.arange(count) if count <= most else np.unique(np.random.default_rng(seed).integers(0, count, most))
    return Samples(rows[pairs // horizon], pairs % horizon + 1)
