"""Which way of quantising is put to the test: chosen without the test split."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...data.dataset import Dataset
from ...errors import InputError
from ...models.folder import ModelFolder
from ..tensors import Tensors
from .int8 import Quantiser, Recipe
from .record import MOST_TIME, Candidate, Trial, loss_of
from .samples import Sample, batches
from .score import Scored, departure, metric_of, score
from .speed import latencies

CALIBRATION_ITEMS = CHOICE_ITEMS = 128


def choose(model: ModelFolder, dataset: Dataset, scratch: Path, budget: float) -> Candidate:
    """Quantises in several ways, and takes the one that loses least of those that are fast enough.

    Where several lose the same, the one whose outputs depart least. What does not run everywhere alike is tried only
    where all else loses more than the budget.

    Args:
        model: with the float32 file.
        dataset: that the model was trained on.
        scratch: a folder for the files.
        budget: the largest loss of the metric.

    Raises:
        InputError: there is nothing to calibrate on or to choose by, or the graph cannot be quantised.
    """
    calibration, choice = _samples(dataset)
    quantiser, calibrated_on = _quantiser(model, dataset, calibration, scratch)
    before, tried = score(model, dataset, choice), list[tuple[Trial, ModelFolder]]()
    for place, recipe in enumerate(quantiser.recipes):
        if not recipe.is_portable and any(trial.loss <= budget for trial, _ in tried):
            break
        print(f"int8: {recipe.settings} ...", flush=True)
        quantised = replace(model, path=scratch / str(place))
        quantised.path.mkdir()
        quantiser.quantise(recipe, quantised.onnx)
        tried.append((_trial(recipe, quantised, before, score(quantised, dataset, choice), dataset), quantised))
    float32, *seconds = latencies([model, *(quantised for _, quantised in tried)], dataset)
    trials = [replace(trial, seconds=taken) for (trial, _), taken in zip(tried, seconds, strict=True)]
    most = MOST_TIME["int8"] * float32
    best = min(trials, key=lambda trial: (trial.seconds > most, trial.loss, trial.departure))
    chosen = tried[trials.index(best)][1]
    return Candidate(chosen, best.settings, calibrated_on, choice.described(), trials)


def _quantiser(model: ModelFolder, dataset: Dataset, calibration: Sample, scratch: Path) -> tuple[Quantiser, int]:
    """With the number of items that it calibrates on: those that can be read."""
    ids = [batch.ids for batch in batches(model, dataset, calibration, "read")]
    if not ids:
        raise InputError("none of the training items that the ranges would come from can be read")

    def calls() -> Iterator[Tensors]:
        return (batch.tensors for batch in batches(model, dataset, calibration, "calibrate"))

    return Quantiser(model.onnx, scratch, calls, len(ids)), sum(map(len, ids))


def _trial(recipe: Recipe, quantised: ModelFolder, before: Scored, after: Scored, dataset: Dataset) -> Trial:
    loss = loss_of(metric_of(dataset), before.metric, after.metric)
    return Trial(recipe.settings, quantised.onnx.stat().st_size, after.metric, loss, departure(before, after))


def _samples(dataset: Dataset) -> tuple[Sample, Sample]:
    """What to calibrate on, of the training split, and other items to choose by."""
    train, validation = (Sample.of(dataset, split) for split in ("train", "validation"))
    if validation.ids:
        calibration, choice = train.evenly(CALIBRATION_ITEMS), validation.evenly(CHOICE_ITEMS)
    else:
        calibration, choice = train.evenly(CALIBRATION_ITEMS + CHOICE_ITEMS).halves()
    if not (calibration.ids and choice.ids):
        raise InputError(
            f"the ranges of int8 come from training items and its settings are chosen by others, but the dataset has "
            f"{len(train.ids)} labelled training items and {len(validation.ids)} for validation"
        )
    return calibration, choice
