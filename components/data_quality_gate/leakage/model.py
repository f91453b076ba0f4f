"""The gate's own model of a sample: LightGBM, for its speed; categories are its own, as nothing goes to ONNX."""

from typing import Any

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor
from numpy.typing import NDArray

from ...models.metrics import classification_metrics, regression_metrics
from .sample import FOLDS, Sample

# Trees in all, and the rounds that they make: each round takes a tree for each label.
_MOST_TREES, _MOST_ROUNDS, _FEWEST_ROUNDS = 500, 60, 20
# Where the logarithm of a probability is asked for.
_SMALLEST_PROBABILITY = 1e-6


class Model:
    """A classifier or regressor over some of a sample's inputs."""

    def __init__(self, sample: Sample, used: NDArray[np.bool_], rows: NDArray[np.bool_] | None = None) -> None:
        """Fits the model.

        Args:
            sample: its training rows are fitted on.
            used: bool [F], the inputs that the model sees.
            rows: bool [N], the training rows that it sees; all where not given.
        """
        train, chosen = sample.splits["train"], slice(None) if rows is None else rows
        known, given = train.inputs[chosen][:, used], train.given[chosen]
        self.used, self._labels = used, len(sample.labels)
        self._codes = np.unique(given) if self._labels else np.array([0])
        boosting: Any = LGBMClassifier if self._labels else LGBMRegressor
        self._model = boosting(
            n_estimators=max(min(_MOST_ROUNDS, _MOST_TREES // len(self._codes)), _FEWEST_ROUNDS),
            num_leaves=15,
            min_child_samples=10,
            min_data_per_group=10,
            n_jobs=1,
            random_state=sample.seed,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
        # Of rows with a single label there is nothing to learn.
        self._is_constant = bool(self._labels) and len(self._codes) < 2
        if not self._is_constant:
            self._model.fit(known, given, categorical_feature=np.flatnonzero(sample.is_category[used]).tolist())

    def predict(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """What it says of inputs [M, F], used or not.

        Returns:
            Probabilities of all labels [M, C], 0 of one that it has not met; or values [M, 1].
        """
        answers = np.zeros((len(inputs), self._labels or 1))
        if self._is_constant:
            answers[:, self._codes] = 1
        elif len(inputs):
            predict = self._model.predict_proba if self._labels else self._model.predict
            answers[:, self._codes] = predict(inputs[:, self.used]).reshape(len(inputs), -1)
        return answers


def out_of_fold(sample: Sample, used: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What models that have not seen a training row say of it, as `Model.predict`."""
    inputs = sample.splits["train"].inputs
    answers = np.zeros((len(inputs), len(sample.labels) or 1))
    for fold in range(FOLDS):
        is_held_out = sample.folds == fold
        if is_held_out.any():
            answers[is_held_out] = Model(sample, used, ~is_held_out).predict(inputs[is_held_out])
    return answers


def loss(sample: Sample, given: NDArray[Any], predicted: NDArray[np.floating]) -> float:
    """RMSE, or mean negative logarithm of the probability of the given label."""
    if sample.task.predicts_numbers:
        return float(np.sqrt(np.mean((predicted[:, 0] - given) ** 2)))
    return float(-np.log(predicted[np.arange(len(given)), given].clip(_SMALLEST_PROBABILITY)).mean())


def measure(sample: Sample, given: NDArray[Any], predicted: NDArray[np.floating]) -> dict[str, float]:
    """Metrics of what `Model.predict` says of M rows with these labels; none where there is no row."""
    if not len(given):
        return {}
    if sample.task.predicts_numbers:
        return regression_metrics(given, predicted[:, 0])
    return classification_metrics([sample.labels[code] for code in given], predicted, sample.labels)
