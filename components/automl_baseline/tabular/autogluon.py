"""The AutoGluon tier: what AutoGluon makes of the baseline's columns, and what of it can be one ONNX graph."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from ...data.dataset import Dataset
from ...models.feature_transforms import FeatureTransform
from ...models.leaderboard import Trial
from ...models.table_rows import labelled_rows, training_and_validation_rows
from .autogluon_model import AutoGluonClassifier, AutoGluonModel, AutoGluonRegressor, trained
from .autogluon_predictor import fit_predictor, refit_with_held_out_rows, threads
from .autogluon_refits import predict_out_of_fold
from .candidates import Candidate
from .fit import FittedBaseline
from .pipeline import LOSS, column_transformer, features, predict, score
from .rounds import FOLDS, Round
from .search import Search

_DEFAULT_TIME_LIMIT = 300.0
_REFITS_SHARE = 0.5  # of the time limit, for predictions of the training rows
_NEARLY = 0.9  # AutoGluon starts no model that it does not expect to end in time
_BUDGET = "AutoGluon's only budget is wall-clock time: another run, or a busier machine, gives other models."


@dataclass(frozen=True)
class _Tried:
    """A model that AutoGluon trained, its metrics on the validation rows, and the CPU seconds that it took."""

    model: AutoGluonModel
    validation: dict[str, float]
    cpu_seconds: float

    @property
    def name(self) -> str:
        """AutoGluon's."""
        return self.model.name


def fit_autogluon(dataset: Dataset, transforms: list[FeatureTransform], seed: int, time_limit: float) -> FittedBaseline:
    """Lets AutoGluon train on the training rows, and takes the best of its models that ONNX can express.

    Args:
        dataset: a table; without validation rows, it lends some training rows.
        transforms: of all its columns.
        seed: of all models.
        time_limit: of AutoGluon's training, wall-clock seconds; 0 for 300.

    Raises:
        FinalError: no model that ONNX can express was trained in time.
    """
    start, time_limit, task = time.monotonic(), time_limit or _DEFAULT_TIME_LIMIT, dataset.task
    columns, rows = _columns_and_rows(dataset, transforms)
    classes = None if task.predicts_numbers else np.unique(rows.truth)
    with tempfile.TemporaryDirectory() as folder:  # of pickles, which shall not outlive the training
        predictor, cpu_seconds = fit_predictor(task, rows, Path(folder), seed, time_limit)
        hit_time_limit = time.monotonic() - start > _NEARLY * time_limit
        tried = _judge(predictor, rows, classes, cpu_seconds, LOSS[task])
        exportable = [each for each in tried if each.model.is_exportable]
        chosen, cheap = exportable[0], _cheap(exportable, time_limit)
        shipped = _model(predictor, refit_with_held_out_rows(predictor, chosen.name), classes)
    return FittedBaseline(
        pipeline=Pipeline([("columns", columns), ("model", shipped)]),
        transforms=transforms,
        training_rows=len(rows.truth) + len(rows.held_out_truth),
        search=Search(
            chosen=_candidate(shipped), trials=_trials(tried, chosen, LOSS[task]), hit_time_limit=hit_time_limit
        ),
        scale=float(rows.truth.std()) if task.predicts_numbers else 1.0,
        out_of_fold=predict_out_of_fold(dataset, transforms, trained(predictor, cheap.name), classes, seed),
        validation=predict(
            Pipeline([("columns", columns), ("model", chosen.model)]),
            features(dataset.table("validation"), transforms),
        ),
        facts={
            "budget": f"{_BUDGET} Here: {time_limit:g} s with {threads()} threads.",
            "out_of_fold": f"Training rows are predicted by refits of {cheap.name}.",
            "shipped": _on_test(shipped, columns, dataset, transforms),
            "whole_predictor": _on_test(tried[0].model, columns, dataset, transforms),
        },
    )


def _columns_and_rows(dataset: Dataset, transforms: Sequence[FeatureTransform]) -> tuple[ColumnTransformer, Round]:
    """The fitted columns, and what they make of the rows to train on and of those to judge by."""
    label = dataset.label_column
    training, validation = training_and_validation_rows(dataset)
    truth, held_out_truth = training[label].to_numpy(), validation[label].to_numpy()
    columns: Any = column_transformer(dataset.task, transforms).fit(features(training, transforms), truth)
    # AutoGluon refuses labels that it was not fitted on.
    known = np.full(len(validation), True) if dataset.task.predicts_numbers else np.isin(held_out_truth, truth)
    return columns, Round(
        known=columns.transform(features(training, transforms)),
        truth=truth,
        held_out=columns.transform(features(validation, transforms))[known],
        held_out_truth=held_out_truth[known],
    )


def _judge(
    predictor: Any, rows: Round, classes: NDArray[Any] | None, cpu_seconds: Mapping[str, float], loss: str
) -> list[_Tried]:
    """All models, the best on the validation rows first."""
    tried = []
    for name in predictor.model_names():
        model = _model(predictor, name, classes)
        validation = score(model, rows.held_out, rows.held_out_truth)
        tried.append(_Tried(model, validation, cpu_seconds.get(name, 0.0)))
    return sorted(tried, key=lambda each: each.validation[loss])


def _model(predictor: Any, name: str, classes: NDArray[Any] | None) -> AutoGluonModel:
    return AutoGluonRegressor(predictor, name) if classes is None else AutoGluonClassifier(predictor, name, classes)


def _cheap(exportable: Sequence[_Tried], time_limit: float) -> _Tried:
    """The best single model that is cheap enough to be fitted five times more, or else the fastest."""
    single = [each for each in exportable if list(each.model.weights) == [each.name]]
    affordable = [each for each in single if FOLDS * each.cpu_seconds <= _REFITS_SHARE * time_limit]
    return affordable[0] if affordable else min(single, key=lambda each: each.cpu_seconds)


def _candidate(model: AutoGluonModel) -> Candidate:
    return Candidate(
        name="AutoGluon: " + ", ".join(model.weights),
        framework="autogluon",
        estimator=model,
        estimator_name="autogluon.tabular.TabularPredictor",
        hyperparameters=model.hyperparameters,
    )


def _trials(tried: Sequence[_Tried], chosen: _Tried, loss: str) -> list[Trial]:
    return [
        Trial(
            name=each.name if each.model.is_exportable else f"{each.name} (not for ONNX)",
            hyperparameters=each.model.hyperparameters,
            validation={loss: each.validation[loss], **each.validation},
            cpu_seconds=each.cpu_seconds,
            chosen=each is chosen,
        )
        for each in tried
    ]


def _on_test(
    model: AutoGluonModel, columns: Any, dataset: Dataset, transforms: Sequence[FeatureTransform]
) -> dict[str, Any]:
    """A model in numbers: {"model": name, "weights": {member: weight}, "test": {metric: value}}."""
    test = labelled_rows(dataset, "test")
    metrics = score(model, columns.transform(features(test, transforms)), test[dataset.label_column].to_numpy())
    return {"model": model.name, "weights": model.weights, "test": metrics}
