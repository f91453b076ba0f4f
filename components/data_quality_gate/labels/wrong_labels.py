"""Wrong labels: where a model that has not seen an item firmly disagrees with its label.

Confident learning (Northcutt, Jiang, Chuang 2021, https://arxiv.org/abs/1911.00068) by cleanlab proposes labels. Of
these the gate keeps the ones where another label is so many times as probable that it is hardly chance. For that the
probabilities are calibrated first by temperature scaling (Guo, Pleiss, Sun, Weinberger 2017,
https://arxiv.org/abs/1706.04599): a forest is too unsure of itself, boosting too sure.
"""

from collections.abc import Iterator

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from ...data.dataset import Dataset
from ...models import label_probabilities
from ...models.folder import ModelFolder
from ...models.label_probabilities import LabelProbabilities
from ..columns import sources
from ..findings import Case, NotJudged, Outcome, finding

RULE = "wrong_label"
# Share of the largest odds that are possible at the estimated rate of wrong labels, and the limits of the odds asked:
# chosen on scikit-learn's digits with labels flipped at random, for few false alarms.
_SHARE_OF_POSSIBLE_ODDS = 0.1
_LEAST_ODDS, _MOST_ODDS = 2.0, 15.0
_TEMPERATURES = (0.1, 10.0)
_SMALLEST_PROBABILITY = 1e-6


def wrong_labels(data: Dataset, baseline: ModelFolder) -> Iterator[Outcome]:
    """Yields the finding of `wrong_label`, or why it could not be judged."""
    file = baseline.label_probabilities
    if not file.is_file():
        why = f"The baseline {baseline.name} has no {file.name}" if data.labels else "The labels are numbers"
        yield NotJudged(RULE, f"{why}, so there are no class probabilities to judge them by.")
        return
    rows = label_probabilities.read(file)
    given = np.array([data.labels.index(label) for label in rows.labels], np.int64)
    if len(np.unique(given)) < 2:
        yield NotJudged(RULE, "There are fewer than two labels to tell apart.")
        return
    probabilities = calibrated(given, rows.probabilities)
    places, odds = improbable(given, probabilities)
    cases = list(_cases(data, rows, probabilities, places))
    share = len(cases) / len(given)
    message = (
        f"{len(cases):,} of {len(given):,} labels ({share:.1%}) are probably wrong: to the baseline, which did not see "
        f"them in training, another label is at least {odds:.0f} times as probable."
    )
    yield from finding(RULE, share, cases, message)


def calibrated(given: NDArray[np.int64], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities [N, C] as sure as they are right: at the temperature where the given labels [N] are likeliest."""
    logits = np.log(np.clip(probabilities.astype(np.float64), _SMALLEST_PROBABILITY, None))

    def loss(temperature: float) -> float:
        return -log_softmax(logits / temperature, axis=1)[np.arange(len(given)), given].mean()

    return softmax(logits / minimize_scalar(loss, bounds=_TEMPERATURES, method="bounded").x, axis=1)


def improbable(given: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[NDArray[np.int64], float]:
    """Finds the labels that are probably wrong.

    Args:
        given: label codes [N], 0..C-1.
        probabilities: calibrated out-of-sample probabilities [N, C].

    Returns:
        Their places, the least probable first, and how many times as probable another label has to be.
    """
    proposed = np.asarray(find_label_issues(given, probabilities, filter_by="prune_by_class", n_jobs=1), bool)
    odds = _odds(proposed.mean(), probabilities.shape[1])
    of_given = probabilities[np.arange(len(given)), given]
    places = np.flatnonzero(proposed & (probabilities.max(axis=1) >= odds * of_given))
    return places[np.argsort(of_given[places], kind="stable")], odds


def _odds(wrong: float, labels: int) -> float:
    """The odds to ask where about this share of the labels is wrong.

    Calibrated probabilities allow for wrong labels, so even a sure model's odds of the true label against a wrong one
    are about (1 - wrong) to wrong / (labels - 1), no more.
    """
    possible = (1 - wrong) * (labels - 1) / wrong if wrong else np.inf
    return float(np.clip(_SHARE_OF_POSSIBLE_ODDS * possible, _LEAST_ODDS, _MOST_ODDS))


def _cases(
    data: Dataset, rows: LabelProbabilities, probabilities: NDArray[np.float64], places: NDArray[np.int64]
) -> Iterator[Case]:
    source = sources(data, (rows.ids[place] for place in places))
    for place in places.tolist():
        identity, label, likely = rows.ids[place], rows.labels[place], int(probabilities[place].argmax())
        detail = f"labelled {label!r}, probably {data.labels[likely]!r} ({probabilities[place, likely]:.0%} sure)"
        yield Case(identity, source[identity], rows.splits[place], detail, box=int(rows.boxes[place]))
