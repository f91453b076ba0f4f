"""What each column of a sample says of the label all alone.

Copies of each other hide one another's importance to a model, but not what each says alone. Skill is 0 for guessing and
1 for the truth: Cohen's kappa of labels (Cohen 1960, https://doi.org/10.1177/001316446002000104), which guessing the
commonest label does not raise, and the explained share of the variance of numbers. It is always measured out of fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, rankdata
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .sample import FOLDS, Sample

# One-sided, of the share of rows that a column is wrong about.
_CONFIDENCE = 0.99
_TREE = {"max_leaf_nodes": 64, "min_samples_leaf": 3}
# As many find every edge that matters; a tree over 20,000 takes four times as long.
_TREE_ROWS = 4000
# Fewer rows, present or missing, say nothing about a column.
_FEWEST_PRESENT = 50
_FEWEST_MISSING = 10


@dataclass(frozen=True, kw_only=True)
class Alone:
    """What one column says of the labels of N training rows.

    Attributes:
        column: its name.
        label: the only label that it is asked about, as a place in the sample's `labels`; None for all.
        rows: bool [N], the rows where it is asked.
        skill: on these.
        least: the skill that it has with a confidence of 99 %; of numbers the skill itself.
        is_code: whether it looks like the label: it has no more values than there are labels, a missing one aside, or
            its numbers lie as close together as such values with a little noise.
        wrong: bool [N], the rows that it is wrong about; none of numbers.
        how: what of it tells the label, in words.
    """

    column: str
    rows: NDArray[np.bool_]
    skill: float
    least: float
    is_code: bool
    wrong: NDArray[np.bool_]
    how: str
    label: int | None = None


def kappa(given: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Cohen's kappa of N labels; 1 where all are the same and rightly predicted."""
    by_chance = _wrong_by_chance(given, predicted)
    return 1 - float(np.mean(given != predicted)) / by_chance if by_chance else 1.0


def explained(given: NDArray[np.floating], predicted: NDArray[np.floating]) -> float:
    """The share of the variance of N numbers that predictions explain (R2); 0 where they do not vary."""
    total = np.sum((given - given.mean()) ** 2)
    return 1 - float(np.sum((given - predicted) ** 2) / total) if total else 0.0


def of_labels(sample: Sample, column: str) -> Iterator[Alone]:
    """Yields what a column says of all labels, and what its missing values say of the label that they go with."""
    given, inputs = sample.splits["train"].given, _inputs(sample, column)
    codes = _codes(inputs, len(np.unique(given)), are_numbers=not _is_category(sample, column))
    values = _values(inputs) if codes is None and _is_category(sample, column) else codes
    yield _of_labels(column, given, _out_of_fold(sample, inputs, values), codes is not None, "its value")
    is_missing = np.isnan(inputs[:, 0])
    if _FEWEST_MISSING <= is_missing.sum() <= len(given) - _FEWEST_MISSING:
        shares = [np.mean(is_missing[given == label]) for label in range(len(sample.labels)) if (given == label).any()]
        present = np.flatnonzero(np.bincount(given, minlength=len(sample.labels)))
        for label, flag in ((present[np.argmax(shares)], is_missing), (present[np.argmin(shares)], ~is_missing)):
            yield _of_labels(column, given == label, flag, True, "whether it is missing", int(label))


def of_numbers(sample: Sample, column: str) -> Iterator[Alone]:
    """Yields how nearly a column is the number to predict, or this number in another unit or order."""
    given, inputs = sample.splits["train"].given, _inputs(sample, column)
    everywhere = np.full(len(given), True)
    is_category = _is_category(sample, column)
    skill = explained(given, _out_of_fold(sample, inputs, _values(inputs) if is_category else None))
    yield _of_numbers(column, everywhere, skill, is_category, "its value")
    present = ~np.isnan(inputs[:, 0])
    if is_category or present.sum() < _FEWEST_PRESENT or inputs.shape[1] > 1 or np.ptp(inputs[present, 0]) == 0:
        return
    line = np.corrcoef(inputs[present, 0].astype(np.float64), given[present])[0, 1] ** 2
    order = np.corrcoef(rankdata(inputs[present, 0]), rankdata(given[present]))[0, 1] ** 2
    yield _of_numbers(column, present, float(line), True, "a straight line through it")
    yield _of_numbers(column, present, float(order), False, "the order of its values")


def _of_labels(
    column: str, given: NDArray[Any], predicted: NDArray[Any], is_code: bool, how: str, label: int | None = None
) -> Alone:
    wrong = given != predicted
    most = float(beta.ppf(_CONFIDENCE, wrong.sum() + 1, len(wrong) - wrong.sum())) if not wrong.all() else 1.0
    by_chance = _wrong_by_chance(given, predicted)
    return Alone(
        column=column,
        label=label,
        rows=np.full(len(given), True),
        skill=kappa(given, predicted),
        least=1 - most / by_chance if by_chance else 0.0,
        is_code=is_code,
        wrong=wrong,
        how=how,
    )


def _of_numbers(column: str, rows: NDArray[np.bool_], skill: float, is_code: bool, how: str) -> Alone:
    return Alone(
        column=column, rows=rows, skill=skill, least=skill, is_code=is_code, wrong=np.zeros(0, np.bool_), how=how
    )


def _wrong_by_chance(given: NDArray[Any], predicted: NDArray[Any]) -> float:
    """The share of wrong predictions if they were shuffled."""
    return 1 - sum(float(np.mean(given == label) * np.mean(predicted == label)) for label in np.unique(given))


def _inputs(sample: Sample, column: str) -> NDArray[np.float32]:
    return sample.splits["train"].inputs[:, sample.columns == column]


def _is_category(sample: Sample, column: str) -> bool:
    return bool(sample.is_category[sample.columns == column][0])


def _values(inputs: NDArray[np.float32]) -> NDArray[np.intp]:
    """The place of each row's value among the values of its column, [N]; of missing ones too."""
    return np.unique(inputs[:, 0], return_inverse=True)[1]


def _codes(inputs: NDArray[np.float32], labels: int, are_numbers: bool) -> NDArray[np.intp] | None:
    """The place of each row's value where there are no more values than labels, or numbers heap at as many places.

    None where it is otherwise, as where the column has several inputs. Heaps are narrower than the gaps between them.
    """
    values = np.unique(inputs[:, 0])
    values = values[~np.isnan(values)]
    if inputs.shape[1] > 1 or not len(values):
        return None
    if len(values) <= labels:
        return _values(inputs)
    gaps = np.diff(values)
    edges = np.sort(np.argsort(gaps, kind="stable")[-(labels - 1) :])
    first, last = np.append(0, edges + 1), np.append(edges, len(values) - 1)
    if not are_numbers or gaps[edges].min() < (values[last] - values[first]).max():
        return None
    # A missing value sorts behind all others, and is a heap of its own.
    heaps = np.searchsorted(values[first], inputs[:, 0], side="right") - 1
    return np.where(np.isnan(inputs[:, 0]), labels, heaps)


def _out_of_fold(sample: Sample, inputs: NDArray[np.float32], values: NDArray[np.intp] | None) -> NDArray[Any]:
    """What is predicted from one column: by the place of its value [N] where that is given, or else by a small tree."""
    given = sample.splits["train"].given
    predicted = np.zeros_like(given)
    for fold in range(FOLDS):
        held_out = sample.folds == fold
        if not held_out.any():
            continue
        if values is not None:
            predicted[held_out] = _usual(sample, values[~held_out], given[~held_out], values.max() + 1)[
                values[held_out]
            ]
        else:
            kind: Any = DecisionTreeClassifier if sample.labels else DecisionTreeRegressor
            known = np.flatnonzero(~held_out)
            known = known[:: -(-len(known) // _TREE_ROWS)]
            tree = kind(**_TREE, random_state=sample.seed).fit(inputs[known], given[known])
            predicted[held_out] = tree.predict(inputs[held_out])
    return predicted


def _usual(sample: Sample, values: NDArray[np.intp], given: NDArray[Any], width: int) -> NDArray[Any]:
    """The commonest label, or the mean number, of each of `width` values; where there is none, that of all rows."""
    if sample.labels:
        counts = np.zeros((width, len(sample.labels)))
        np.add.at(counts, (values, given), 1)
        # Ties, and values that are not met, go to the commonest label.
        return (counts + 1e-9 * counts.sum(axis=0)).argmax(axis=1)
    counts = np.bincount(values, minlength=width)
    sums = np.bincount(values, weights=given, minlength=width)
    return np.where(counts > 0, sums / np.maximum(counts, 1), given.mean())
