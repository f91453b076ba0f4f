"""What to show of a confusion matrix that is too large to be read."""

from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_MISTAKES = 15


def mistakes(table: Mapping[str, Any]) -> list[dict[str, str | int]]:
    """The most frequent mistakes of a `models.metrics.Confusion`, as rows of the macro `bar_list`."""
    labels, counts = table["labels"], np.array(table["counts"])
    np.fill_diagonal(counts, 0)
    largest = np.argsort(-counts, axis=None, kind="stable")[:MAX_MISTAKES]
    rows, columns = np.unravel_index(largest, counts.shape)
    return [
        {"label": f"{labels[row]} taken for {labels[column]}", "value": int(counts[row, column])}
        for row, column in zip(rows, columns, strict=True)
        if counts[row, column]
    ]
