"""The rows that candidates are compared on: what to fit on, and what to measure on."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import KFold, StratifiedKFold

from ...data.dataset import Dataset
from ...models.feature_transforms import FeatureTransform
from ...models.table_rows import labelled_rows, training_and_validation_rows
from .pipeline import features, score

FOLDS = 5
# A tenth of fewer rows is too few to tell candidates apart, and fitting on them five times is cheap.
_HOLD_OUT_FROM = 5000


@dataclass(frozen=True, kw_only=True)
class Round:
    """One split of labelled rows.

    Attributes:
        known: float32 [N, F] to fit on; it and `held_out` are sparse where the columns are.
        truth: their N labels.
        held_out: float32 [M, F] to measure on.
        held_out_truth: their M labels.
    """

    known: NDArray[np.float32]
    truth: NDArray[Any]
    held_out: NDArray[np.float32]
    held_out_truth: NDArray[Any]


def make_rounds(
    dataset: Dataset, transforms: Sequence[FeatureTransform], columns: ColumnTransformer, seed: int
) -> list[Round]:
    """Five folds of the training rows of a small table, or one round with the validation rows held out.

    Args:
        dataset: a large one without validation rows lends some training rows.
        transforms: of all columns.
        columns: unfitted, over `pipeline.features`; fitted anew in each round.
        seed: of the folds.
    """
    training, label = labelled_rows(dataset, "train"), dataset.label_column
    if len(training) >= _HOLD_OUT_FROM:
        return [_round(dataset, transforms, columns, *training_and_validation_rows(dataset))]
    folds = make_folds(training, label, is_classification=not dataset.task.predicts_numbers, seed=seed)
    parts = (
        (training.filter(pa.array(folds != fold)), training.filter(pa.array(folds == fold))) for fold in range(FOLDS)
    )
    return [_round(dataset, transforms, columns, *part) for part in parts]


def make_folds(training: pa.Table, label: str, is_classification: bool, seed: int) -> NDArray[np.int_]:
    """The fold of each row; equal rows, labels included, share one, so that copies do not vouch for each other."""
    truth = training[label].to_numpy()
    splitter = (StratifiedKFold if is_classification else KFold)(FOLDS, shuffle=True, random_state=seed)
    _, first, group = np.unique(training["__sha256__"].to_numpy(), return_index=True, return_inverse=True)
    fold_of_group = np.empty(len(first), dtype=int)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # is unknown to some folds, as it should
        for fold, (_, held_out) in enumerate(splitter.split(first, truth[first])):
            fold_of_group[held_out] = fold
    return fold_of_group[group]


def measure(estimator: BaseEstimator, rounds: Sequence[Round]) -> dict[str, float]:
    """Fits an estimator anew in each round; the metrics on the held-out rows, as means over the rounds."""
    found = []
    for each in rounds:
        fitted: Any = clone(estimator)
        fitted.fit(each.known, each.truth)
        found.append(score(fitted, each.held_out, each.held_out_truth))
    return mean_metrics(found)


def mean_metrics(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each metric that all rounds have."""
    names = [name for name in found[0] if all(name in each for each in found)]
    return {name: float(np.mean([each[name] for each in found])) for name in names}


def _round(
    dataset: Dataset,
    transforms: Sequence[FeatureTransform],
    columns: ColumnTransformer,
    known: pa.Table,
    held_out: pa.Table,
) -> Round:
    fitted: Any = clone(columns)
    truth = known[dataset.label_column].to_numpy()
    return Round(
        known=fitted.fit_transform(features(known, transforms), truth),
        truth=truth,
        held_out=fitted.transform(features(held_out, transforms)),
        held_out_truth=held_out[dataset.label_column].to_numpy(),
    )
