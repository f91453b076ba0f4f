"""The labelled rows of a tabular data set."""

import numpy as np
import pyarrow as pa

from ..data.dataset import Dataset
from ..errors import InputError

# Where the data set has no validation split, one training row in this many stands in for it.
_HELD_OUT_SHARE = 10


def labelled_rows(dataset: Dataset, split: str) -> pa.Table:
    """The rows of a split that have a label.

    Raises:
        InputError: there is none.
    """
    rows = dataset.table(split)
    if not len(rows):
        raise InputError(
            f"{dataset.path}: the {split} split has no row. Where no column ml_use names a row's split, a hash of its "
            "content does, which takes many different rows; add rows, or the column ml_use."
        )
    rows = rows.filter(rows[dataset.label_column].is_valid())
    if not len(rows):
        raise InputError(
            f"{dataset.path}: no row of the {split} split has a value in {dataset.label_column!r}; add labelled rows."
        )
    return rows


def training_and_validation_rows(dataset: Dataset) -> tuple[pa.Table, pa.Table]:
    """Labelled rows to fit on and labelled rows to choose by.

    A data set without labelled validation rows lends about every tenth training row, chosen by the row's hash, so that
    the choice is the same every time and equal rows stay together.

    Raises:
        InputError: there are too few training rows for that.
    """
    training, validation = labelled_rows(dataset, "train"), dataset.table("validation")
    validation = validation.filter(validation[dataset.label_column].is_valid())
    if len(validation):
        return training, validation
    digests = training["__sha256__"].to_pylist()
    held_out = np.array([int(digest[:8], 16) % _HELD_OUT_SHARE == 0 for digest in digests])
    if held_out.all() or not held_out.any():
        raise InputError(
            f"{dataset.path} has no validation split and only {len(training)} training rows, too few to hold some out;"
            " add labelled rows."
        )
    return training.filter(pa.array(~held_out)), training.filter(pa.array(held_out))
