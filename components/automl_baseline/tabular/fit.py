"""Fits the tabular baseline: the final pipeline, and what models without a row predict of that row."""

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.model_selection import KFold, PredefinedSplit, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from ...data.dataset import Dataset
from ...data.items import Task
from ...errors import InputError
from ...models import feature_transforms
from ...models.feature_transforms import FeatureTransform
from ...models.table_rows import labelled_rows
from .pipeline import build_pipeline, features
from .search import DEFAULTS, search

FOLDS = 5
_MIN_ROWS = 2 * FOLDS


@dataclass(frozen=True, kw_only=True)
class FittedBaseline:
    """A fitted pipeline with its history.

    Attributes:
        pipeline: fitted on the labelled training rows.
        transforms: of all columns.
        hyperparameters: of the gradient boosting.
        trials: of the search; empty where the defaults were taken.
        out_of_fold: predictions of the labelled training rows, [N, C] or [N, 1], in their order.
    """

    pipeline: Pipeline
    transforms: list[FeatureTransform]
    hyperparameters: dict[str, Any]
    trials: list[dict[str, Any]]
    out_of_fold: NDArray[np.floating]

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the probabilities: those of the training rows, sorted; none for regression."""
        return [str(label) for label in getattr(self.pipeline, "classes_", [])]


def fit(dataset: Dataset, effort: str, seed: int) -> FittedBaseline:
    """Fits the baseline of a table (arguments and errors as in `train_tabular_baseline`)."""
    training = labelled_rows(dataset, "train")
    transforms = _transforms(dataset, training)
    hyperparameters, trials = search(dataset, transforms, seed) if effort == "standard" else (DEFAULTS, [])
    pipeline = build_pipeline(dataset.task, transforms, hyperparameters, seed)
    print(f"fitting on {len(training):,} rows: {FOLDS} folds, then all", flush=True)
    out_of_fold = _out_of_fold(pipeline, training, dataset.label_column, transforms, seed)
    pipeline.fit(features(training, transforms), training[dataset.label_column].to_numpy())
    return FittedBaseline(
        pipeline=pipeline,
        transforms=transforms,
        hyperparameters=hyperparameters,
        trials=trials,
        out_of_fold=out_of_fold,
    )


def _transforms(dataset: Dataset, training: pa.Table) -> list[FeatureTransform]:
    """Transforms of all columns but the label's, after checks that there is something to learn, and to learn from."""
    label = dataset.label_column
    rows = len(training["__sha256__"].unique())
    if rows < _MIN_ROWS:
        raise InputError(
            f"{dataset.path} has {rows} different labelled training rows, and a baseline needs {_MIN_ROWS}; add rows."
        )
    if len(training[label].unique()) < 2:
        raise InputError(f"{dataset.path}: all training rows have the same {label!r}; add rows with another one.")
    commonest = max(Counter(training[label].to_pylist()).values())
    if dataset.task is Task.TABULAR_CLASSIFICATION and commonest < FOLDS:
        raise InputError(
            f"The labels of {label!r} are nearly all different: the commonest has {commonest} rows, and {FOLDS} are "
            "needed; predict numbers with tabular_regression, or add rows."
        )
    transforms = feature_transforms.describe(training, [each for each in dataset.columns if each.name != label])
    if not feature_transforms.input_columns(transforms):
        reasons = "; ".join(f"{each.column}: {each.statistics['reason']}" for each in transforms)
        raise InputError(f"{dataset.path} has no column to learn from ({reasons}); add informative columns.")
    return transforms


def _out_of_fold(
    pipeline: Pipeline, training: pa.Table, label_column: str, transforms: list[FeatureTransform], seed: int
) -> NDArray[np.floating]:
    rows, truth = features(training, transforms), training[label_column].to_numpy()
    is_classifier = hasattr(pipeline, "predict_proba")
    splitter = (StratifiedKFold if is_classifier else KFold)(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label rarer than the folds is unknown to some of them, which then give it probability 0: as it should be.
        warnings.filterwarnings("ignore", message="The least populated class|Number of classes in training fold")
        folds = _folds(splitter, training["__sha256__"].to_numpy(), truth)
        method = "predict_proba" if is_classifier else "predict"
        predicted = cross_val_predict(pipeline, rows, truth, cv=PredefinedSplit(folds), method=method)
    return np.asarray(predicted).reshape(len(training), -1)


def _folds(splitter: KFold | StratifiedKFold, digests: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.int_]:
    """The fold of each row; equal rows, labels included, share one, so that copies do not vouch for each other."""
    _, first, group = np.unique(digests, return_index=True, return_inverse=True)
    fold_of_group = np.empty(len(first), dtype=int)
    for fold, (_, held_out) in enumerate(splitter.split(first, truth[first])):
        fold_of_group[held_out] = fold
    return fold_of_group[group]
