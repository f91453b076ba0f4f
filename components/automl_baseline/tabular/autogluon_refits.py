"""What refits of one of AutoGluon's models, each without a fold, predict of that fold."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...models.feature_transforms import FeatureTransform
from ...models.table_rows import labelled_rows
from .autogluon_model import numbered
from .autogluon_predictor import threads
from .pipeline import column_transformer, features
from .rounds import FOLDS, make_folds


def predict_out_of_fold(
    dataset: Dataset, transforms: Sequence[FeatureTransform], model: Any, classes: NDArray[Any] | None, seed: int
) -> NDArray[np.floating]:
    """Predictions of the labelled training rows, [N, C] or [N, 1], by refits that have not seen them.

    Args:
        dataset: a table.
        transforms: of all its columns.
        model: AutoGluon's own object; refits have as many trees.
        classes: the C labels; None for regression.
        seed: of the folds.
    """
    training, label = labelled_rows(dataset, "train"), dataset.label_column
    folds = make_folds(training, label, classes is not None, seed)
    predicted = np.zeros((len(training), 1 if classes is None else len(classes)))
    for fold in range(FOLDS):
        known = training.filter(pa.array(folds != fold))
        rows, truth = features(known, transforms), known[label].to_numpy()
        columns: Any = column_transformer(dataset.task, transforms).fit(rows, truth)
        held_out = columns.transform(features(training.filter(pa.array(folds == fold)), transforms))
        found, codes = (np.array([]), truth) if classes is None else np.unique(truth, return_inverse=True)
        places = [0] if classes is None else np.searchsorted(classes, found)
        is_certain = len(found) == 1  # to the refit, all rows have one label: AutoGluon would refuse that
        answers = 1.0 if is_certain else _refit(model, columns.transform(rows), codes, held_out)
        predicted[np.ix_(folds == fold, places)] = answers
    return predicted


def _refit(
    model: Any, known: NDArray[np.float32], truth: NDArray[Any], held_out: NDArray[np.float32]
) -> NDArray[np.floating]:
    refit = model.convert_to_refit_full_template()
    refit.fit(X=numbered(known), y=pd.Series(truth), num_cpus=threads(), num_gpus=0)
    answers = refit.predict_proba(numbered(held_out))
    if refit.problem_type == "binary":  # which gives the second label's probability alone
        return np.column_stack([1 - answers, answers])
    return answers.reshape(len(held_out), -1)
