"""Forecasters: each answers, in the window's own scale, what comes a number of steps ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from .windows import Framing, Windows, scale

# What trees see is rounded to multiples of this power of two, in the windows' own scale.
GRID = 2.0**-20


@dataclass(frozen=True)
class LinearSteps:
    """For each step ahead its own weights of the window's values and of the calendar.

    On windows in their own scale it is the linear layer of Zeng et al. 2023, "Are Transformers Effective for Time
    Series Forecasting?", arXiv:2205.13504; the naive forecasts are of this form too.

    Attributes:
        weights: float64 [horizon, context + K].
        bias: float64 [horizon, 1].
    """

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def answer(self, windows: Windows) -> NDArray[np.float64]:
        """What comes, [N, 1], in the windows' own scale."""
        columns = np.hstack([windows.scaled, windows.calendar])
        place = windows.steps - 1
        return (columns * self.weights[place]).sum(axis=1, keepdims=True) + self.bias[place]


@dataclass(frozen=True)
class BoostedTrees:
    """Trees over `tree_columns`.

    Attributes:
        estimator: fitted, of histogram gradient boosting.
        framing: of the windows.
    """

    estimator: TransformedTargetRegressor
    framing: Framing

    def answer(self, windows: Windows) -> NDArray[np.float64]:
        """What comes, [N, 1], in the windows' own scale."""
        return self.estimator.predict(tree_columns(windows, self.framing))[:, None]


@dataclass(frozen=True)
class Forecaster:
    """A model with what is done before and after it."""

    framing: Framing
    model: LinearSteps | BoostedTrees

    def predict(self, inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
        """What comes, [N], for the inputs of N rows (see `series_windows`)."""
        return self.unscaled(scale(inputs, self.framing))

    def unscaled(self, windows: Windows) -> NDArray[np.float64]:
        """What comes, [N], in the unit of the label column."""
        return (windows.level + windows.spread * self.model.answer(windows))[:, 0]


def tree_columns(windows: Windows, framing: Framing) -> NDArray[np.float32]:
    """Same places in the last seasons, means of the last seasons, last values, calendar and step: float32 [N, F].

    A threshold may be a training row's own value. Rounded, this value is the same again in the graph, where the sums
    before it have another order and so other last digits; and what should be 0 is 0.
    """
    same_season = np.take_along_axis(windows.scaled, framing.same_season[windows.steps - 1], axis=1)
    means, recent = windows.scaled @ framing.season_means, windows.scaled[:, -framing.recent :]
    columns = np.hstack([same_season, means, recent, windows.calendar, windows.steps[:, None]])
    return (np.rint(columns / GRID) * GRID).astype(np.float32)


def last_value(framing: Framing) -> LinearSteps:
    """The last value, again and again."""
    return _means(framing, np.full((framing.described["horizon"], 1), framing.described["context"] - 1))


def mean(framing: Framing) -> LinearSteps:
    """The mean of the window."""
    return _means(framing, np.tile(np.arange(framing.described["context"]), (framing.described["horizon"], 1)))


def last_season(framing: Framing) -> LinearSteps:
    """The last season, again and again."""
    return _means(framing, framing.same_season[:, :1])


def mean_season(framing: Framing) -> LinearSteps:
    """The mean of the last seasons, again and again."""
    return _means(framing, framing.same_season)


def fit_linear(windows: Windows, truth: NDArray[np.float64], framing: Framing, alpha: float) -> LinearSteps:
    """Ridge regression, step by step.

    Args:
        windows: to learn from, with every step among them.
        truth: what came, float64 [N], in the windows' own scale.
        framing: of the windows.
        alpha: of the penalty, as in scikit-learn.
    """
    columns = np.hstack([windows.scaled, windows.calendar])
    weights, bias = [], []
    for step in range(1, framing.described["horizon"] + 1):
        chosen = windows.steps == step
        if not chosen.any():  # no row is so far ahead: the level is all that is known
            weights.append(np.zeros(columns.shape[1]))
            bias.append([0.0])
            continue
        fitted = Ridge(alpha=alpha).fit(columns[chosen], truth[chosen])
        weights.append(fitted.coef_)
        bias.append([fitted.intercept_])
    return LinearSteps(np.array(weights), np.array(bias))


def fit_trees(
    windows: Windows, truth: NDArray[np.float64], framing: Framing, hyperparameters: Mapping[str, Any], seed: int
) -> BoostedTrees:
    """Histogram gradient boosting by scikit-learn (arguments as in `fit_linear`)."""
    # Sampled splits of the rows for early stopping would hold out rows that neighbours of theirs vouch for.
    settings: dict[str, Any] = {**hyperparameters, "early_stopping": False, "random_state": seed}
    boosting = HistGradientBoostingRegressor(**settings)
    estimator = TransformedTargetRegressor(boosting, transformer=StandardScaler())
    return BoostedTrees(estimator.fit(tree_columns(windows, framing), truth), framing)


def _means(framing: Framing, places: NDArray[np.int64]) -> LinearSteps:
    """For each step the mean of some places in the window, [horizon, K]."""
    weights = np.zeros((len(places), framing.described["context"] + len(framing.described["columns"])))
    np.put_along_axis(weights, places, 1 / places.shape[1], axis=1)
    return LinearSteps(weights, np.zeros((len(places), 1)))
