"""Whether a table can be learned from at all: asked before anything is trained."""

from collections import Counter

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...errors import InputError
from ...models.feature_transforms import FeatureTransform, input_columns
from .rounds import FOLDS

_MIN_ROWS = 2 * FOLDS
# Of float32 numbers among the labels, in standard deviations of the labels.
_FINEST_STEP = 1e-3


def check_labels(dataset: Dataset, training: pa.Table) -> None:
    """Checks the labelled training rows.

    Raises:
        InputError: there are too few of them, or their labels are all alike, all different or closer than float32.
    """
    label = dataset.label_column
    digests, first = np.unique(training["__sha256__"].to_numpy(), return_index=True)
    if len(digests) < _MIN_ROWS:
        raise InputError(
            f"{dataset.path} has {len(digests)} different labelled training rows, and a baseline needs {_MIN_ROWS};"
            " add rows."
        )
    counts = Counter(training[label].to_pylist())
    if len(counts) < 2:
        raise InputError(f"{dataset.path}: all training rows have the same {label!r}; add rows with another one.")
    if dataset.task.predicts_numbers:
        _check_resolution(training[label].to_numpy(), label)
        return
    ((commonest, count),) = counts.most_common(1)
    if count < FOLDS:
        raise InputError(
            f"The labels of {label!r} are nearly all different: the commonest has {count} rows, and {FOLDS} are "
            "needed; predict numbers with tabular_regression, or add rows."
        )
    if np.count_nonzero(training[label].to_numpy()[first] != commonest) < 2:
        raise InputError(f"{dataset.path}: all training rows but one have the {label!r} {commonest!r}; add others.")


def check_columns(dataset: Dataset, transforms: list[FeatureTransform]) -> None:
    """Checks the columns that are left to learn from.

    Raises:
        InputError: there is none, or one is called as the model's output is.
    """
    names = [column["name"] for column in input_columns(transforms)]
    output = "value" if dataset.task.predicts_numbers else "probabilities"
    if output in names:
        raise InputError(f"{dataset.path} has a column {output!r}, as the model's output is called; rename the column.")
    if not names:
        reasons = "; ".join(f"{each.column}: {each.statistics['reason']}" for each in transforms)
        raise InputError(f"{dataset.path} has no column to learn from ({reasons}); add informative columns.")


def _check_resolution(values: NDArray[np.float64], label: str) -> None:
    with np.errstate(over="ignore"):
        step = np.spacing(np.float32(np.abs(values).max()))
    if not step <= _FINEST_STEP * values.std():
        raise InputError(
            f"The values of {label!r}, {values.min():.9g} to {values.max():.9g}, are too close to each other for the "
            f"float32 numbers that models answer with; subtract {values.mean():.6g} from the column, or scale it."
        )
