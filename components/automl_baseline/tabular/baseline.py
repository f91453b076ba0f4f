"""The tabular baseline: gradient boosting by scikit-learn or LightGBM, as a model folder with a proven ONNX graph."""

import time
from pathlib import Path

import pyarrow as pa
from threadpoolctl import threadpool_limits

from ...data.dataset import Dataset
from ...models import feature_transforms, hyperparameters, leaderboard, predictions
from ...models.folder import ModelFolder
from ...models.hyperparameters import Hyperparameters
from ...models.measured import measure_on_test
from ...models.table_rows import labelled_rows
from ..agreement import TOLERANCE
from .evidence import write_importance, write_predictions
from .fit import FittedBaseline, fit
from .pipeline import features
from .proof import prove
from .search import Search
from .to_onnx import export


# OpenMP's threads wait for each other in a loop: on shared cores, two of them took 15 times the CPU seconds of one.
@threadpool_limits.wrap(limits=1)
def train_tabular_baseline(
    dataset: Dataset, output: Path, effort: str = "fast", seed: int = 0, time_limit: float = 0.0
) -> ModelFolder:
    """Trains, measures, explains and exports the baseline of a table.

    Args:
        dataset: with labelled rows in its train and test splits.
        output: the model folder to write.
        effort: `fast`, `standard` or `thorough`: how much is tried, see `search`; or `autogluon`.
        seed: same data, same seed, same model.
        time_limit: wall-clock seconds after which no further trial is started; 0 for none.

    Returns:
        The folder, with all files of a tabular baseline (see `models.folder`).

    Raises:
        InputError: the data cannot be learned from.
        FinalError: the ONNX graph does not agree with the model it was made of.
    """
    start = time.process_time()
    test = labelled_rows(dataset, "test")
    fitted = fit(dataset, effort, seed, time_limit)
    chosen = fitted.search.chosen
    model = ModelFolder(
        path=output,
        name=chosen.name,
        task=dataset.task,
        labels=fitted.labels,
        framework=chosen.framework,
        pretrained="Trained from nothing, on this data set alone.",
        dataset_digests=dataset.digests,
        input={"kind": "columns", "columns": feature_transforms.input_columns(fitted.transforms)},
        seed=seed,
    )
    difference = _export(model, test, fitted)
    feature_transforms.write(model.feature_transforms, fitted.transforms)
    leaderboard.write(model.leaderboard, fitted.search.trials)
    hyperparameters.write(model.hyperparameters, _hyperparameters(fitted.search))
    write_predictions(model, dataset, fitted)
    write_importance(model, test, dataset.label_column, fitted)
    measure_on_test(model, dataset, dict(predictions.read(model.predictions("test"))))
    model.parameters = {
        "effort": effort,
        "training_rows": fitted.training_rows,
        "cpu_seconds": round(time.process_time() - start, 2),
        "onnx_max_difference": difference,
        "onnx_tolerance": TOLERANCE,
        "hit_time_limit": fitted.search.hit_time_limit,
        **fitted.facts,
    }
    model.save()
    return model


def _export(model: ModelFolder, test: pa.Table, fitted: FittedBaseline) -> float:
    rows = features(test, fitted.transforms)
    export(fitted.pipeline, rows, model.onnx)
    difference = prove(fitted.pipeline, model.onnx, rows, test["__id__"].to_pylist(), fitted.scale)
    size = model.onnx.stat().st_size / 1e6
    print(
        f"ONNX ({size:.1f} MB) agrees with {model.name} on {len(rows):,} test rows, as they are and disturbed:"
        f" at most {difference:.2g} apart, float32 rounding aside",
        flush=True,
    )
    return difference


def _hyperparameters(search: Search) -> Hyperparameters:
    return Hyperparameters(
        estimator=search.chosen.estimator_name,
        hyperparameters=search.chosen.hyperparameters,
        note=f"The best of {len(search.trials)} trials on held-out rows; what is not named has the library's default.",
    )
