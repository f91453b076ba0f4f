"""The gate's own model of a table: small, fitted on a sample, and so as often as a question needs it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...data.dataset import Dataset
from ...data.items import SPLITS
from ...models.label_probabilities import LabelProbabilities
from .model import Model, loss, measure, out_of_fold
from .sample import NotFittedError, Rows, Sample, draw_sample

_SHUFFLED_ROWS, _SHUFFLES = 1000, 5


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


@dataclass(frozen=True, slots=True)
class ColumnImportance:
    """By how much the loss grows when a column is shuffled.

    Attributes:
        column: its name.
        importance: mean over the shuffles.
        standard_deviation: over the shuffles; 0 where it is not known.
    """

    column: str
    importance: float
    standard_deviation: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Refit:
    """A model of the table without some of its columns.

    Attributes:
        without: the columns that it did not see.
        rows: that it was fitted on, a sample where there are more.
        metrics: on the test rows (a sample where there are many), as `models.metrics.measure` names them.
        label_probabilities: of classification, of the sampled rows, each by a model that has not seen it.
        values: of regression, likewise.
        importance: of the columns that it saw, the most important first: the growth of log_loss or rmse when a column
            is shuffled, over five shuffles of at most 1,000 test rows (training rows where there are none).
    """

    without: frozenset[str]
    rows: int
    metrics: dict[str, float]
    label_probabilities: LabelProbabilities | None = None
    values: ValuePredictions | None = None
    importance: list[ColumnImportance] = field(default_factory=list)


def refit(data: Dataset, without: Collection[str] = (), seed: int = 0) -> Refit:
    """Draws a sample, and fits and measures the model.

    Args:
        data: a table with labels or numbers to predict.
        without: columns that the model shall not see.
        seed: of the sample and of the model.

    Raises:
        NotFittedError: there is nothing to fit it on.
    """
    return refit_sample(draw_sample(data, seed), without)


# OpenMP's threads wait for each other in a loop, which on shared cores costs more than they gain.
@threadpool_limits.wrap(limits=1)
def refit_sample(sample: Sample, without: Collection[str] = ()) -> Refit:
    """Fits and measures the model on a sample that was drawn before (otherwise as `refit`)."""
    used = sample.used(without)
    if not used.any():
        raise NotFittedError(f"Without {', '.join(sorted(without))} there is no column left that says anything.")
    train, test = sample.splits["train"], sample.splits["test"]
    model = Model(sample, used)
    predicted = {split: model.predict(sample.splits[split].inputs) for split in SPLITS}
    predicted["train"] = out_of_fold(sample, used)
    return Refit(
        without=frozenset(without),
        rows=len(train.given),
        metrics=measure(sample, test.given, predicted["test"]),
        label_probabilities=None if sample.task.predicts_numbers else _label_probabilities(sample, predicted),
        values=_values(sample, predicted) if sample.task.predicts_numbers else None,
        importance=_importance(sample, model, test if len(test.given) else train),
    )


@threadpool_limits.wrap(limits=1)
def metrics_without(sample: Sample, without: Collection[str]) -> dict[str, float]:
    """The metrics that `refit_sample` measures, and nothing else; none where no column is left."""
    used, test = sample.used(without), sample.splits["test"]
    return measure(sample, test.given, Model(sample, used).predict(test.inputs)) if used.any() else {}


def headline(metrics: Mapping[str, float]) -> str:
    """The metric to show a change by, of those where higher is better; "" where none is measured."""
    return next((name for name in ("roc_auc", "r2", "accuracy") if name in metrics), "")


def _importance(sample: Sample, model: Model, rows: Rows) -> list[ColumnImportance]:
    """Permutation importance by hand: scikit-learn's shuffles single inputs, and a date is three, a text many."""
    rng = np.random.default_rng(sample.seed)
    chosen = rng.permutation(len(rows.given))[:_SHUFFLED_ROWS]
    inputs, given = rows.inputs[chosen], rows.given[chosen]
    before = loss(sample, given, model.predict(inputs))
    found = []
    for name in dict.fromkeys(sample.columns[model.used].tolist()):
        shuffled, places = np.tile(inputs, (_SHUFFLES, 1)), np.flatnonzero(sample.columns == name)
        orders = np.concatenate([rng.permutation(len(inputs)) for _ in range(_SHUFFLES)])
        shuffled[:, places] = inputs[orders][:, places]
        after = [loss(sample, given, part) for part in np.split(model.predict(shuffled), _SHUFFLES)]
        found.append(ColumnImportance(name, float(np.mean(after)) - before, float(np.std(after))))
    return sorted(found, key=lambda each: -each.importance)


def _values(sample: Sample, predicted: dict[str, NDArray[np.float64]]) -> ValuePredictions:
    return ValuePredictions(
        ids=_ids(sample),
        splits=_splits(sample),
        given=_given(sample),
        predicted=np.concatenate([predicted[split][:, 0] for split in SPLITS]),
    )


def _label_probabilities(sample: Sample, predicted: dict[str, NDArray[np.float64]]) -> LabelProbabilities:
    return LabelProbabilities(
        ids=_ids(sample),
        splits=_splits(sample),
        boxes=np.full(len(_ids(sample)), -1, np.int32),
        labels=[sample.labels[code] for code in _given(sample)],
        probabilities=np.concatenate([predicted[split] for split in SPLITS]).astype(np.float32),
    )


def _ids(sample: Sample) -> list[str]:
    return [identity for split in SPLITS for identity in sample.splits[split].ids]


def _splits(sample: Sample) -> list[str]:
    return [split for split in SPLITS for _ in sample.splits[split].ids]


def _given(sample: Sample) -> NDArray[Any]:
    return np.concatenate([sample.splits[split].given for split in SPLITS])
