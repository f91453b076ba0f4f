"""A smaller ONNX file in place of a proven one: made, measured, and accepted or not."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import onnx

from ...data.dataset import Dataset
from ...data.storage import write_atomically
from ...errors import FinalError, InputError
from ...models.folder import ModelFolder
from ..choices import BUDGET
from ..export.metadata import describe
from ..onnx_file import OnnxFile
from .choose import choose
from .float16 import halve
from .network import name_nodes, network_of
from .record import Attempt, Candidate, Figures, SmallerPrecision, judge, loss_of
from .samples import Sample
from .score import metric_of, score
from .speed import latencies


def attempt(
    precision: SmallerPrecision, model: ModelFolder, dataset: Dataset, output: Path, budget: float = BUDGET
) -> Attempt:
    """Makes a smaller file of a proven model, and keeps it only where that is worth it.

    Nothing of the test split goes into the smaller file or into the choice of its settings: the split only says, once,
    whether the file is accepted.

    Args:
        precision: what to make.
        model: its model.onnx is the proven float32 file, which stays as it is.
        dataset: that the model was trained on.
        output: the file to write; it is written only if the attempt is accepted.
        budget: the largest loss of the metric on the test split, see `Attempt.loss`.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            _check(model, dataset)
            folder = Path(scratch)
            candidate = choose(model, dataset, folder, budget) if precision == "int8" else _halved(model, folder)
            _finish(precision, candidate, model)
            return _measured(precision, model, candidate, dataset, output, budget)
    except FinalError as error:
        why = str(error).rstrip(".")
        return Attempt(precision, False, f"float32 is kept, {precision} was not measured: {why}.", budget)


def _check(model: ModelFolder, dataset: Dataset) -> None:
    """Refuses, before any work, what cannot be made smaller or cannot be shown to be as good."""
    file = onnx.load(model.onnx)
    name_nodes(file.graph)
    network_of(file.graph)
    for split, use in (("train", "to time it with"), ("test", "to measure the loss on")):
        if not Sample.of(dataset, split).ids:
            raise InputError(f"the {split} split has no labelled item {use}")


def _halved(model: ModelFolder, scratch: Path) -> Candidate:
    candidate = replace(model, path=scratch)
    halve(model.onnx, candidate.onnx)
    return Candidate(candidate, "the layers' weights are stored as float16 and computed with as float32")


def _finish(precision: SmallerPrecision, candidate: Candidate, model: ModelFolder) -> None:
    """Writes into the file what it is, and checks that it is valid and is called as the float32 one is.

    Raises:
        InputError: it is not.
    """
    known = {each.key: each.value for each in onnx.load(model.onnx).metadata_props}
    describe(candidate.model.onnx, known | {"precision": precision, "precision_settings": candidate.settings})
    try:
        onnx.checker.check_model(candidate.model.onnx, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise InputError(f"the {precision} file is not valid: {error}") from error
    if OnnxFile(candidate.model.onnx).signature != OnnxFile(model.onnx).signature:
        raise InputError(f"the {precision} file has other inputs or outputs than the float32 one")


def _measured(
    precision: SmallerPrecision,
    model: ModelFolder,
    candidate: Candidate,
    dataset: Dataset,
    output: Path,
    budget: float,
) -> Attempt:
    metric, test = metric_of(dataset), Sample.of(dataset, "test")
    seconds = latencies([model, candidate.model], dataset)
    before, after = (
        Figures(each.onnx.stat().st_size, taken, score(each, dataset, test).metric)
        for each, taken in zip((model, candidate.model), seconds, strict=True)
    )
    accepted, reason = judge(precision, metric, before, after, budget)
    if accepted:
        with write_atomically(output) as aside:
            shutil.copyfile(candidate.model.onnx, aside)
    loss = loss_of(metric, before.metric, after.metric)
    about = (candidate.settings, candidate.calibrated_on, candidate.chosen_on, candidate.tried)
    return Attempt(precision, accepted, reason, budget, metric, before, after, loss, *about)
