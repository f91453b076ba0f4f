"""Wrong numbers to predict: values that are further from their prediction than the model's own errors ever are.

Like wrong labels, the given values are taken for a mixture. Most err as the model errs at that height of prediction, by
Student's t: its degrees of freedom are fitted, so that the heavy tails of incomes and prices are no errors (Lange,
Little, Taylor 1989, https://doi.org/10.1080/01621459.1989.10478852). A share of them are slips: 10, 100 or 1,000 times
too large, of the wrong sign, or anywhere far off. Bayes' rule then says of each value how probably it is a slip.

Chosen on California, diabetes, the fares of Titanic and made-up targets (lognormal, Pareto, Student's t, counts) with
1 to 2 % of slips by seed, judged out of fold by boosting, forests and ridge regression: at most 1 of 3,000 clean values
is listed. cleanlab's scores of regression labels rank the values but do not say how many are wrong.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import t as student

from ...data.dataset import Dataset
from ...data.items import SPLITS, Task
from ...models import predictions
from ...models.folder import ModelFolder
from ...models.metrics import truths
from ..columns import sources
from ..findings import Case, NotJudged, Outcome, counted
from ..leakage.refit import ValuePredictions

RULE = "wrong_value"
_WRONG_FROM = 0.6  # probability
_FACTORS = np.array([10.0, 100.0, 1000.0, -1.0])
# Of these, and of far off. A lost sign has half: it moves a value the least, and nothing but a slip looks like it.
_WEIGHTS = np.array([0.125, 0.125, 0.125, 0.5, 0.125])[:, np.newaxis]
# A slip is more than 3 deviations off; far off is 3 to a million, on a scale of logarithms.
_NEAREST, _FARTHEST = 3.0, 1e6
_LEAST_ROWS = 50
# Beyond this the model's errors are of several kinds (many zeros, say) and what does not fit is no slip.
_MOST_SLIPS = 0.07
# As of wrong labels: a Beta distribution with its mode at 1 in 30.
_PRIOR_WRONG, _PRIOR_RIGHT = 1, 29
_FITTED_ROWS = 20_000  # three numbers are fitted: more rows would not change them
# Logarithms of the deviation and of the degrees of freedom over 1, log-odds of the share of slips: limits, and starts.
_LIMITS = [(-2.0, 3.0), (-3.0, 4.0), (-9.0, -1.5)]
_STARTS = [(0.0, 2.0, -4.0), (0.0, 0.5, -5.5)]


def baseline_values(data: Dataset, baseline: ModelFolder) -> ValuePredictions | None:
    """What the baseline predicted of rows that it had not seen (train: out of fold); None where that is not known."""
    files = {split: baseline.predictions(split) for split in SPLITS}
    if data.task is not Task.TABULAR_REGRESSION or not all(file.is_file() for file in files.values()):
        return None
    rows: list[tuple[str, str, float, float]] = []
    for split, file in files.items():
        truth = truths(data, split)
        for identity, prediction in predictions.read(file):
            if identity in truth and "value" in prediction:
                rows.append((identity, split, float(truth[identity]), prediction["value"]))
    return ValuePredictions(
        ids=[row[0] for row in rows],
        splits=[row[1] for row in rows],
        given=np.array([row[2] for row in rows], np.float64),
        predicted=np.array([row[3] for row in rows], np.float64),
    )


def wrong_values(data: Dataset, rows: ValuePredictions | None) -> Iterator[Outcome]:
    """Yields the finding of `wrong_value`, or why it could not be judged; nothing where the task is no regression."""
    if data.task is not Task.TABULAR_REGRESSION:
        return
    if rows is None:
        yield NotJudged(RULE, "There are no predictions by a model that has not seen the rows.")
        return
    if len(rows.given) < _LEAST_ROWS:
        yield NotJudged(
            RULE, f"{len(rows.given)} rows are too few to tell how the model errs: {_LEAST_ROWS} are needed."
        )
        return
    wrong, factors = probably_wrong(rows.given, rows.predicted)
    found = np.flatnonzero(wrong >= _WRONG_FROM)
    found = found[np.argsort(-np.abs(rows.given - rows.predicted)[found], kind="stable")]
    yield from counted(RULE, list(_cases(data, rows, factors, found)), f"{len(wrong):,} labelled rows")


def probably_wrong(
    given: NDArray[np.float64], predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Says how probably each value is a slip.

    Args:
        given: values [N].
        predicted: out of sample [N].

    Returns:
        The probability of each value to be a slip, 0..1, [N]; and of which factor [N]: 10, 100, 1000, -1, or 0 where it
        is just far off.
    """
    centre, spread = _errors_by_height(given, predicted)
    off = (given - centre) / spread
    off_if_slip = (given / _FACTORS[:, np.newaxis] - centre) / spread
    some = np.random.default_rng(0).permutation(len(given))[:_FITTED_ROWS]

    def loss(point: NDArray[np.float64]) -> float:
        right, slips, share = _densities(point, off[some], off_if_slip[:, some])
        prior = _PRIOR_WRONG * np.log(share) + _PRIOR_RIGHT * np.log1p(-share)
        return -(np.log(right + slips.sum(axis=0) + 1e-300).sum() + prior) / len(some)

    best = min((minimize(loss, start, method="L-BFGS-B", bounds=_LIMITS) for start in _STARTS), key=lambda fit: fit.fun)
    right, slips, share = _densities(best.x, off, off_if_slip)
    wrong = slips.sum(axis=0) / (right + slips.sum(axis=0) + 1e-300)
    # A model that has learned wrong values errs around them too, but then it is the prediction that is out of the way.
    middle = np.median(given)
    plausible = (np.abs(given - middle) > np.abs(predicted - middle)) & (share <= _MOST_SLIPS)
    return np.where(plausible, wrong, 0.0), np.append(_FACTORS, 0.0)[slips.argmax(axis=0)]


def _errors_by_height(
    given: NDArray[np.float64], predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where values lie around predictions of that height, and how far they spread: medians [N] of up to 20 bands."""
    errors = given - predicted
    least = 0.1 * np.median(np.abs(errors - np.median(errors)))
    centre, spread = np.empty_like(given), np.empty_like(given)
    for band in np.array_split(np.argsort(predicted, kind="stable"), np.clip(len(given) // 100, 1, 20)):
        middle = np.median(errors[band])
        centre[band] = predicted[band] + middle
        # 1.4826: from the median of absolute deviations to the standard deviation of a normal distribution.
        spread[band] = 1.4826 * max(np.median(np.abs(errors[band] - middle)), least, 1e-12)
    return centre, spread


def _densities(
    point: NDArray[np.float64], off: NDArray[np.float64], off_if_slip: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Densities of the values as right [N] and as each kind of slip [5, N], weighted by the share of slips; and it."""
    deviation, freedom, share = np.exp(point[0]), 1 + np.exp(point[1]), float(expit(point[2]))
    right = (1 - share) * student.pdf(off / deviation, freedom) / deviation
    by_factor = student.pdf(off_if_slip / deviation, freedom) / deviation / np.abs(_FACTORS)[:, np.newaxis]
    far = np.abs(off).clip(_NEAREST)
    anywhere = 1 / (2 * far * np.log(_FARTHEST / _NEAREST))
    slips = _WEIGHTS * np.vstack([by_factor, anywhere]) * (np.abs(off) > _NEAREST)
    return right, share * slips, share


def _cases(
    data: Dataset, rows: ValuePredictions, factors: NDArray[np.float64], found: NDArray[np.int64]
) -> Iterator[Case]:
    source = sources(data, (rows.ids[place] for place in found))
    for place in found.tolist():
        identity, factor = rows.ids[place], float(factors[place])
        guess = {0.0: "far off", -1.0: "of the wrong sign"}.get(factor, f"{factor:,.0f} times too large")
        detail = f"{rows.given[place]:,.6g}, where a model expects about {rows.predicted[place]:,.4g}: probably {guess}"
        yield Case(identity, source[identity], rows.splits[place], detail, column=data.label_column)
