"""Metrics of classification where an item has several labels: each label is a question of its own, yes or no.

By scikit-learn on the whole split (https://scikit-learn.org/stable/modules/model_evaluation.html); on bootstrap samples
from what can be shared, as in `resampled_metrics`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

from .predictions import THRESHOLD, to_probabilities
from .resampled_metrics import RankedScores, Resampled


def has_several_labels(truth: Mapping[str, Any]) -> bool:
    """Whether what `metrics.truths` gave is of a data set of several labels."""
    return isinstance(next(iter(truth.values()), None), tuple)


def matrices(
    labels: Sequence[str], truth: Mapping[str, Any], answers: Mapping[str, Any]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which labels N items have, and how probable each is held.

    Args:
        labels: C labels of the model.
        truth: the tuple of labels of each item, by its id.
        answers: predictions, by item id, of these items at least.

    Returns:
        bool [N, C] and float64 [N, C], in the order of `truth`; a true label that the model does not know is one more
        column, with probability 0.
    """
    unknown = {label for given in truth.values() for label in given} - set(labels)
    columns = [*labels, *sorted(unknown)]
    probabilities = np.array([to_probabilities(columns, answers[identity]) for identity in truth])
    return label_matrix(columns, truth.values()), probabilities


def label_matrix(labels: Sequence[str], given: Iterable[Any]) -> NDArray[np.bool_]:
    """Which of C labels each of N items has, from their tuples of labels: bool [N, C]."""
    return np.array([[label in each for label in labels] for each in given], bool)


def multi_label_metrics(given: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> dict[str, float]:
    """Metrics of label probabilities.

    Args:
        given: bool [N, C]; each item has a label at least.
        probabilities: float [N, C], 0..1 each.

    Returns:
        map, the mean over labels of the average precision, without those that no item has; and of the labels from
        `THRESHOLD` on, macro_f1, the mean over labels, without those neither given nor predicted, and micro_f1 over
        all labels of all items.
    """
    present, chosen = given.any(axis=0), probabilities >= THRESHOLD
    return {
        "map": float(average_precision_score(given[:, present], probabilities[:, present], average="macro")),
        "macro_f1": float(f1_score(given, chosen, average="macro", zero_division=np.nan)),  # pyright: ignore[reportArgumentType]
        "micro_f1": float(f1_score(given, chosen, average="micro")),
    }


def resampled_multi_label(given: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> Resampled:
    """What `multi_label_metrics` measures, on samples of the items."""
    chosen = probabilities >= THRESHOLD
    right, total = (given & chosen).astype(float), given.astype(float) + chosen
    ranked = [RankedScores.of(scores, has) for scores, has in zip(probabilities.T, given.T, strict=True) if has.any()]

    def measure(counts: NDArray[np.float64]) -> dict[str, float]:
        hits, sizes = counts @ right, counts @ total
        present = sizes > 0
        return {
            "map": float(np.nanmean([average_precision(each, counts) for each in ranked])),
            "macro_f1": float((2 * hits[present] / sizes[present]).mean()),
            "micro_f1": float(2 * hits.sum() / sizes.sum()),
        }

    return measure


def average_precision(ranked: RankedScores, counts: NDArray[np.float64]) -> float:
    """The average precision of one label, its N items drawn `counts` times; NaN where none that has the label is.

    The sum over thresholds of the precision there times the recall that it adds, as scikit-learn has it.
    """
    weights = counts[ranked.order]
    # From the highest score down.
    added = np.add.reduceat(weights * ranked.is_positive, ranked.starts)[::-1]
    drawn = np.add.reduceat(weights, ranked.starts)[::-1].cumsum()
    precision = added.cumsum() / np.maximum(drawn, 1)
    return float(added @ precision / added.sum()) if added.any() else np.nan


def f1_per_item(given: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """How well each item's labels are met, 0..1, [N]; each item has a label at least."""
    chosen = probabilities >= THRESHOLD
    return 2 * (given & chosen).sum(axis=1) / (given.sum(axis=1) + chosen.sum(axis=1))
