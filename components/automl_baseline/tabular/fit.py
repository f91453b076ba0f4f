"""Fits the tabular baseline: the final pipeline, and what models without a row predict of that row.

What was chosen with the help of validation rows is in the end fitted on them as well, as FLAML does (`retrain_full`)
and AutoGluon can (`refit_full`): a ninth more to learn from. Validation rows are predicted before that.
"""

import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import Pipeline

from ...data.dataset import Dataset
from ...data.items import Task
from ...errors import InputError
from ...models import feature_transforms
from ...models.feature_transforms import FeatureTransform
from ...models.table_rows import labelled_rows
from .checks import check_columns, check_labels
from .pipeline import build_pipeline, features, predict
from .rounds import FOLDS, make_folds
from .search import Search, search
from .text import linear_pipeline, search_linear


@dataclass(frozen=True, kw_only=True)
class FittedBaseline:
    """A fitted pipeline with its history.

    Attributes:
        pipeline: fitted on the labelled training and validation rows.
        transforms: of all columns.
        training_rows: how many these are.
        search: that chose the pipeline's model.
        scale: what differences between predictions are measured in: the standard deviation of the labels; 1 for
            probabilities.
        out_of_fold: predictions of the labelled training rows, [N, C] or [N, 1], in their order.
        validation: predictions of all validation rows, [M, C] or [M, 1], by the pipeline fitted on training rows only.
        facts: what else is to be said of the training, JSON values only.
    """

    pipeline: Pipeline
    transforms: list[FeatureTransform]
    training_rows: int
    search: Search
    scale: float
    out_of_fold: NDArray[np.floating]
    validation: NDArray[np.floating]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the probabilities: those of the training rows, sorted; none for regression."""
        return [str(label) for label in getattr(self.pipeline, "classes_", [])]


def fit(dataset: Dataset, effort: str, seed: int, time_limit: float) -> FittedBaseline:
    """Fits the baseline of a table (arguments and errors as in `train_tabular_baseline`)."""
    training = labelled_rows(dataset, "train")
    transforms = _transforms(dataset, training)
    if effort == "autogluon":
        return _fit_autogluon(dataset, transforms, seed, time_limit)
    if dataset.task is Task.TEXT_CLASSIFICATION:
        found = search_linear(dataset, transforms, effort, seed, time_limit)
        pipeline = linear_pipeline(transforms, found.chosen)
    else:
        found = search(dataset, transforms, effort, seed, time_limit)
        pipeline = build_pipeline(dataset.task, transforms, found.chosen.estimator)
    print(f"fitting {found.chosen.name} on {len(training):,} rows: {FOLDS} folds, then all", flush=True)
    start = time.process_time()
    out_of_fold = _out_of_fold(pipeline, training, dataset, transforms, seed)
    truth = training[dataset.label_column].to_numpy()
    pipeline.fit(features(training, transforms), truth)
    validation = predict(pipeline, features(dataset.table("validation"), transforms))
    rows = _with_validation_rows(dataset, training)
    if len(rows) > len(training):
        pipeline.fit(features(rows, transforms), rows[dataset.label_column].to_numpy())
    print(f"fitted in {time.process_time() - start:.1f} CPU s", flush=True)
    return FittedBaseline(
        pipeline=pipeline,
        transforms=transforms,
        training_rows=len(rows),
        search=found,
        scale=float(truth.std()) if dataset.task.predicts_numbers else 1.0,
        out_of_fold=out_of_fold,
        validation=validation,
    )


def _fit_autogluon(
    dataset: Dataset, transforms: list[FeatureTransform], seed: int, time_limit: float
) -> FittedBaseline:
    try:
        from .autogluon import fit_autogluon
    except ModuleNotFoundError:
        raise InputError(
            "effort=autogluon needs AutoGluon, which is not installed here: compile with --autogluon, install"
            " graduate[autogluon] in an environment of its own, or use effort=thorough."
        ) from None
    return fit_autogluon(dataset, transforms, seed, time_limit)


def _transforms(dataset: Dataset, training: pa.Table) -> list[FeatureTransform]:
    """Transforms of all columns but the label's, after checks that there is something to learn, and to learn from."""
    check_labels(dataset, training)
    columns = [each for each in dataset.columns if each.name != dataset.label_column]
    transforms = feature_transforms.describe(training, columns)
    check_columns(dataset, transforms)
    return transforms


def _with_validation_rows(dataset: Dataset, training: pa.Table) -> pa.Table:
    """The training rows and the labelled validation rows; without labels that the training rows do not have."""
    validation, label = dataset.table("validation"), dataset.label_column
    is_usable = validation[label].is_valid()
    if not dataset.task.predicts_numbers:
        known = pc.SetLookupOptions(training[label].unique())
        is_usable = pc.call_function("is_in", [validation[label]], known)
    return pa.concat_tables([training, validation.filter(is_usable)])


def _out_of_fold(
    pipeline: Pipeline, training: pa.Table, dataset: Dataset, transforms: list[FeatureTransform], seed: int
) -> NDArray[np.floating]:
    rows, truth = features(training, transforms), training[dataset.label_column].to_numpy()
    is_classifier = hasattr(pipeline, "predict_proba")
    folds = make_folds(training, dataset.label_column, is_classifier, seed)
    with warnings.catch_warnings():
        # A label rarer than the folds is unknown to some of them, which then give it probability 0: as it should be.
        warnings.filterwarnings("ignore", message="Number of classes in training fold")
        method = "predict_proba" if is_classifier else "predict"
        predicted = cross_val_predict(pipeline, rows, truth, cv=PredefinedSplit(folds), method=method)
    return np.asarray(predicted).reshape(len(training), -1)
