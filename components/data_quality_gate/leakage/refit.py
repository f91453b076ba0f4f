"""The gate's own model of a table: small, fitted on a sample, and so as often as a question needs it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...models.label_probabilities import LabelProbabilities


@dataclass(frozen=True, kw_only=True)
class ValuePredictions:
    """What a model that has not seen a row predicts of it; columns of equal length N.

    Attributes:
        ids: of the rows.
        splits: they are in.
        given: float64 [N], the labels.
        predicted: float64 [N].
    """

    ids: list[str]
    splits: list[str]
    given: NDArray[np.float64]
    predicted: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Refit:
    """A model of the table without some of its columns.

    Attributes:
        without: the columns that it did not see.
        rows: that it was fitted on, a sample where there are more.
        metrics: on the test rows (a sample where there are many), as `models.metrics.measure` names them.
        label_probabilities: of classification, of the sampled rows, each by a model that has not seen it.
        values: of regression, likewise.
    """

    without: frozenset[str]
    rows: int
    metrics: dict[str, float]
    label_probabilities: LabelProbabilities | None = None
    values: ValuePredictions | None = None


def refit(data: Dataset, without: Collection[str] = (), seed: int = 0) -> Refit:
    """Fits and measures the model. To be written."""
    raise NotImplementedError
