"""Wrong labels: where a model that has not seen an item disagrees with its label more than its doubts explain.

The given labels are taken for a mixture (Huber 1964, https://doi.org/10.1214/aoms/1177703732): most follow the model's
probabilities, at the temperature where they are as sure as they are right (Guo, Pleiss, Sun, Weinberger 2017,
https://arxiv.org/abs/1706.04599); a share of them is noise, any label whatever. Temperature and share are fitted
together, and Bayes' rule then says of each label how probably it is wrong. Where classes overlap or the model is weak,
its own doubt explains the disagreement, the share comes out near 0, and nothing is listed.

Chosen on scikit-learn's digits, iris and breast cancer, Titanic and made-up classes, each with 0 to 20 % of the labels
flipped by seed and judged by boosting, logistic regression, neighbours and models of a tenth of the data; held out were
wine, California, texts of 20 classes and others. By hand, since confident learning (Northcutt, Jiang, Chuang 2021,
https://arxiv.org/abs/1911.00068) as cleanlab has it lists up to 39 % of labels that are right where classes overlap;
this rule 0.1 % at most, at the price of finding little where little can be known (`benchmarks/label_errors.py`).
"""

from collections.abc import Iterable, Iterator
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from ...data.dataset import Dataset
from ...models.label_probabilities import LabelProbabilities
from ...models.metrics import label_codes
from ..columns import sources
from ..findings import Case, NotJudged, Outcome, finding

RULE = "wrong_label"
WRONG_FROM = 0.6  # probability
# What is expected of the share of noise before the labels are seen: a Beta distribution with its mode at 1 in 30. Test
# sets in wide use have 3.3 % (Northcutt, Athalye, Mueller 2021, https://arxiv.org/abs/2103.14749).
_PRIOR_WRONG, _PRIOR_RIGHT = 1, 29
# Noise is not taken to give a rare label more often than so many times its share: it would be listed wholesale.
_MOST_TIMES_AS_COMMON = 3
_SMALLEST_PROBABILITY = 1e-6
_FITTED_ROWS = 100_000  # two numbers are fitted: more rows would not change them
# Logarithm of the temperature (0.1 to 10) and log-odds of the share of noise (0.01 % to 50 %): limits, and starts.
_LIMITS = [(-2.3, 2.3), (-9.0, 0.0)]
_STARTS = [(0.0, -3.5), (-0.7, -1.5)]


def wrong_labels(data: Dataset, rows: LabelProbabilities | None, why_not: str) -> Iterator[Outcome]:
    """Yields the finding of `wrong_label`, or why it could not be judged; nothing where labels are numbers.

    Args:
        data: the data set.
        rows: what a model that has not seen them believes of the given labels.
        why_not: why there are no rows, where there are none: the beginning of a sentence.
    """
    if data.task.predicts_numbers:
        return
    if data.is_multi_label:
        yield NotJudged(RULE, "Images have several labels, and labels are judged where an item has exactly one.")
        return
    if rows is None:
        yield NotJudged(RULE, f"{why_not}, so there are no class probabilities to judge the labels by.")
        return
    given = label_codes(rows.labels, data.labels)
    if len(np.unique(given)) < 2:
        yield NotJudged(RULE, "There are fewer than two labels to tell apart.")
        return
    wrong, likelier = probably_wrong(given, rows.probabilities)
    found = np.flatnonzero(wrong >= WRONG_FROM)
    found = found[np.argsort(-wrong[found], kind="stable")]
    share = len(found) / len(given)
    message = (
        f"{len(found):,} of {len(given):,} labels ({share:.1%}) are probably wrong: a model that did not see them "
        "disagrees more than its own doubts explain. Where luck decides labels too, some are right against all odds."
    )
    yield from finding(RULE, share, list(_cases(data, rows, wrong, likelier, found)), message)


def unexplained(rows: LabelProbabilities, cases: Iterable[Case]) -> LabelProbabilities:
    """The rows without those of items or boxes that other cases account for already.

    That a model sees another thing in a blank image, or beside the thing that a box misses, says nothing of the label.
    """
    told = {(case.split, case.id, case.box) for case in cases}
    of_rows = zip(rows.splits, rows.ids, rows.boxes.tolist(), strict=True)
    kept = np.array([not told & {(split, name, box), (split, name, -1)} for split, name, box in of_rows], bool)
    return LabelProbabilities(
        ids=list(compress(rows.ids, kept)),
        splits=list(compress(rows.splits, kept)),
        boxes=rows.boxes[kept],
        labels=list(compress(rows.labels, kept)),
        probabilities=rows.probabilities[kept],
    )


def probably_wrong(
    given: NDArray[np.int64], probabilities: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Says how probably each label is wrong.

    Args:
        given: label codes [N], 0..C-1, at least two different ones.
        probabilities: out-of-sample [N, C].

    Returns:
        The probability of each label to be wrong, 0..1, [N]; 0 where the model agrees with it. And the codes [N] of
        the labels that the model finds likeliest.
    """
    logits = np.log(_without_zeros(probabilities.astype(np.float64)))
    shares = np.bincount(given, minlength=logits.shape[1]) / len(given)
    noise = np.minimum(1 / np.count_nonzero(shares), _MOST_TIMES_AS_COMMON * shares)[given]
    some = np.random.default_rng(0).permutation(len(given))[:_FITTED_ROWS]
    temperature, share = _fit(given[some], logits[some], noise[some])
    calibrated = softmax(logits / temperature, axis=1)
    of_given = calibrated[np.arange(len(given)), given]
    likelihood = (1 - share) * of_given + share * noise
    # Noise hits the right label too, as often as that is the given one.
    wrong = share * noise * (1 - of_given) / likelihood
    likeliest = calibrated.argmax(axis=1)
    return np.where(likeliest == given, 0.0, wrong), likeliest


def _without_zeros(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities, where a zero (of seven neighbours, none) means less than the smallest that the model gives."""
    smallest = probabilities[probabilities > 0].min() / 2
    return np.maximum(probabilities, max(smallest, _SMALLEST_PROBABILITY))


def _fit(given: NDArray[np.int64], logits: NDArray[np.float64], noise: NDArray[np.float64]) -> tuple[float, float]:
    """Temperature and share of noise at which the given labels are likeliest; `noise` [N]: how often it gives each."""
    places = np.arange(len(given))

    def loss(point: NDArray[np.float64]) -> float:
        of_given = np.exp(log_softmax(logits / np.exp(point[0]), axis=1)[places, given])
        share = expit(point[1])
        prior = _PRIOR_WRONG * np.log(share) + _PRIOR_RIGHT * np.log1p(-share)
        return -(np.log((1 - share) * of_given + share * noise).sum() + prior) / len(given)

    fits = [minimize(loss, start, method="L-BFGS-B", bounds=_LIMITS) for start in _STARTS]
    best = min(fits, key=lambda fit: fit.fun).x
    return float(np.exp(best[0])), float(expit(best[1]))


def _cases(
    data: Dataset,
    rows: LabelProbabilities,
    wrong: NDArray[np.float64],
    likelier: NDArray[np.int64],
    found: NDArray[np.int64],
) -> Iterator[Case]:
    source = sources(data, (rows.ids[place] for place in found))
    for place in found.tolist():
        identity, label, other = rows.ids[place], rows.labels[place], data.labels[likelier[place]]
        detail = f"labelled {label!r}, probably {other!r} (wrong with a probability of {wrong[place]:.0%})"
        yield Case(identity, source[identity], rows.splits[place], detail, box=int(rows.boxes[place]), label=label)
