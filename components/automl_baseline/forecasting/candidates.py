"""What may become the forecasting baseline: naive forecasts, linear models and boosted trees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...models.series_windows import SeriesRows
from .forecasters import Forecaster, fit_linear, fit_trees, last_season, last_value, mean, mean_season
from .samples import answers_of, training_samples, windows_of
from .windows import Framing


@dataclass(frozen=True)
class Candidate:
    """A kind of forecaster with its settings.

    Attributes:
        kind: of forecaster.
        hyperparameters: by the estimator's own names.
        stretch: how many times the shortest context it looks back.
    """

    kind: Literal["last value", "mean", "last season", "mean season", "linear", "boosted trees"]
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    stretch: int = 1

    @property
    def estimator(self) -> str:
        """Whose hyperparameters these are; "" of the naive forecasts."""
        return {
            "linear": "sklearn.linear_model.Ridge",
            "boosted trees": "sklearn.ensemble.HistGradientBoostingRegressor",
        }.get(self.kind, "")


_NAIVE = {"last value": last_value, "mean": mean, "last season": last_season, "mean season": mean_season}
SEASONAL = (Candidate("last season"), Candidate("mean season"))
# The simplest first: of equals, the first is taken.
FAST = (
    Candidate("last value"),
    Candidate("mean"),
    *SEASONAL,
    Candidate("linear", {"alpha": 10.0}),
    Candidate("linear", {"alpha": 1000.0}, stretch=4),
    Candidate("boosted trees", {"learning_rate": 0.05, "max_iter": 200}),
)
MORE = (
    Candidate("linear", {"alpha": 10.0}, stretch=2),
    Candidate("linear", {"alpha": 1000.0}),
    Candidate("linear", {"alpha": 1000.0}, stretch=2),
    Candidate("boosted trees", {"learning_rate": 0.05, "max_iter": 200}, stretch=2),
    Candidate("boosted trees", {"learning_rate": 0.05, "max_iter": 300, "min_samples_leaf": 200}, stretch=2),
)


def fit(candidate: Candidate, framing: Framing, known: SeriesRows, seed: int) -> Forecaster:
    """Fits a candidate on the training rows."""
    if candidate.kind in _NAIVE:
        return Forecaster(framing, _NAIVE[candidate.kind](framing))
    samples = training_samples(known, framing.described["context"], framing.described["horizon"], seed)
    windows = windows_of(known, samples, framing)
    answers, is_usable = answers_of(known, samples, windows)
    if not is_usable.any():  # where nothing varies, there is nothing to learn
        return Forecaster(framing, last_value(framing))
    windows, answers = windows.take(is_usable), answers[is_usable]
    if candidate.kind == "linear":
        return Forecaster(framing, fit_linear(windows, answers, framing, candidate.hyperparameters["alpha"]))
    return Forecaster(framing, fit_trees(windows, answers, framing, candidate.hyperparameters, seed))
