"""The forecasting baseline: a direct forecast of every step ahead, as a model folder with a proven ONNX graph.

One model serves all series and all steps (a global, direct strategy): Montero-Manso and Hyndman 2021, "Principles and
algorithms for forecasting groups of time series", arXiv:2008.00444; Ben Taieb et al. 2012, arXiv:1108.3259.
"""

import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from ...data.dataset import Dataset
from ...errors import InputError
from ...models import hyperparameters, leaderboard, predictions
from ...models.folder import ModelFolder
from ...models.hyperparameters import Hyperparameters
from ...models.measured import measure_on_test
from ...models.series_windows import SeriesRows
from ..agreement import TOLERANCE
from .evidence import write_importance, write_predictions, write_transforms
from .forecasters import Forecaster
from .search import Search, search
from .to_onnx import export, prove


# OpenMP's threads wait for each other in a loop, see `tabular.baseline`.
@threadpool_limits.wrap(limits=1)
def train_forecasting_baseline(
    dataset: Dataset, output: Path, effort: str = "fast", seed: int = 0, time_limit: float = 0.0
) -> ModelFolder:
    """Trains, measures, explains and exports the baseline of a table of time series.

    The test rows are forecast from what precedes them, by a model that was fitted on the training rows and chosen on
    the validation rows.

    Args:
        dataset: with labelled rows in all splits.
        output: the model folder to write.
        effort: `fast`; `standard` tries longer windows and more hyperparameters, `thorough` and others the same.
        seed: same data, same seed, same model.
        time_limit: wall-clock seconds after which no further trial is started; 0 for none.

    Returns:
        The folder, with all files of a tabular baseline (see `models.folder`) but predictions of the training rows,
        all of which the model has seen.

    Raises:
        InputError: the data cannot be learned from.
        FinalError: the ONNX graph does not agree with the model it was made of.
    """
    start = time.process_time()
    known = SeriesRows(dataset)
    _check(dataset, known)
    found = search(dataset, known, effort, seed, time_limit)
    model = ModelFolder(
        path=output,
        name=f"{found.chosen.kind.capitalize()} forecast",
        task=dataset.task,
        labels=[],
        framework="scikit-learn",
        pretrained="Trained from nothing, on this data set alone.",
        dataset_digests=dataset.digests,
        input=found.forecaster.framing.described,
        seed=seed,
    )
    difference = _export(model, known, found.forecaster)
    leaderboard.write(model.leaderboard, found.trials)
    hyperparameters.write(model.hyperparameters, _hyperparameters(found))
    write_transforms(model, dataset, found.forecaster)
    write_predictions(model, known, found.forecaster)
    write_importance(model, known, found.forecaster)
    measure_on_test(model, dataset, dict(predictions.read(model.predictions("test"))))
    model.parameters = {
        "effort": effort,
        "season": found.forecaster.framing.season,
        "cpu_seconds": round(time.process_time() - start, 2),
        "onnx_max_difference": difference,
        "onnx_tolerance": TOLERANCE,
        "hit_time_limit": found.hit_time_limit,
    }
    model.save()
    return model


def _check(dataset: Dataset, known: SeriesRows) -> None:
    for split in ("train", "validation", "test"):
        if not np.isfinite(known.truth[known.splits == split]).any():
            raise InputError(
                f"{dataset.path}: no row of the {split} split has a value in {dataset.label_column!r}; add rows with "
                "values, and forecast rows without them by batch prediction."
            )


def _export(model: ModelFolder, known: SeriesRows, forecaster: Forecaster) -> float:
    rows, steps = known.of_split("test", forecaster.framing.described["horizon"])
    export(forecaster, model.onnx)
    inputs = known.inputs(rows, steps, forecaster.framing.described)
    difference = prove(forecaster, model.onnx, inputs, known.ids[rows].tolist())
    print(
        f"ONNX ({model.onnx.stat().st_size / 1e6:.1f} MB) agrees with {model.name} on {len(rows):,} test rows, as they"
        f" are and with values missing: difference at most {difference:.2g}",
        flush=True,
    )
    return difference


def _hyperparameters(found: Search) -> Hyperparameters:
    settings = {"context": found.forecaster.framing.described["context"], **found.chosen.hyperparameters}
    return Hyperparameters(
        estimator=found.chosen.estimator,
        hyperparameters=settings,
        note=f"The best of {len(found.trials)} trials on the validation rows; context is how far it looks back.",
    )
