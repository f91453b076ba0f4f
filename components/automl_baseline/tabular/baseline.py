"""The tabular baseline: histogram gradient boosting by scikit-learn, as a model folder with a proven ONNX graph.

https://scikit-learn.org/stable/modules/ensemble.html#histogram-based-gradient-boosting
"""

import time
from pathlib import Path

import pyarrow as pa
from threadpoolctl import threadpool_limits

from ...data.dataset import Dataset
from ...models import feature_transforms, predictions
from ...models.folder import ModelFolder
from ...models.measured import measure_on_test
from ...models.table_rows import labelled_rows
from .evidence import write_importance, write_predictions
from .fit import FittedBaseline, fit
from .pipeline import features
from .to_onnx import TOLERANCE, export, prove


# OpenMP's threads wait for each other in a loop: on shared cores, two of them took 15 times the CPU seconds of one.
@threadpool_limits.wrap(limits=1)
def train_tabular_baseline(dataset: Dataset, output: Path, effort: str = "fast", seed: int = 0) -> ModelFolder:
    """Trains, measures, explains and exports the baseline of a table.

    Args:
        dataset: with labelled rows in its train and test splits.
        output: the model folder to write.
        effort: `fast` takes scikit-learn's default hyperparameters, `standard` the best of a few candidates.
        seed: same data, same seed, same model.

    Returns:
        The folder, with all files of a tabular baseline (see `models.folder`).

    Raises:
        InputError: the data cannot be learned from.
        FinalError: the ONNX graph does not agree with scikit-learn.
    """
    start = time.process_time()
    test = labelled_rows(dataset, "test")
    fitted = fit(dataset, effort, seed)
    model = ModelFolder(
        path=output,
        name="Histogram gradient boosting",
        task=dataset.task,
        labels=fitted.labels,
        framework="scikit-learn",
        pretrained="Trained from nothing, on this data set alone.",
        dataset_digests=dataset.digests,
        input={"kind": "columns", "columns": feature_transforms.input_columns(fitted.transforms)},
        seed=seed,
    )
    difference = _export(model, test, fitted)
    feature_transforms.write(model.feature_transforms, fitted.transforms)
    write_predictions(model, dataset, fitted)
    write_importance(model, test, dataset.label_column, fitted)
    measure_on_test(model, dataset, dict(predictions.read(model.predictions("test"))))
    model.parameters = {
        "effort": effort,
        "hyperparameters": fitted.hyperparameters,
        "trials": fitted.trials,
        "cpu_seconds": round(time.process_time() - start, 2),
        "onnx_max_difference": difference,
        "onnx_tolerance": TOLERANCE,
    }
    model.save()
    return model


def _export(model: ModelFolder, test: pa.Table, fitted: FittedBaseline) -> float:
    rows = features(test, fitted.transforms)
    export(fitted.pipeline, rows, model.onnx)
    difference = prove(fitted.pipeline, model.onnx, rows, test["__id__"].to_pylist())
    print(f"ONNX agrees with scikit-learn on {len(rows):,} test rows: difference at most {difference:.2g}", flush=True)
    return difference
