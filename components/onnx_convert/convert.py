"""Turns a trained model into ONNX and proves that the file computes the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..data.storage import write_atomically
from ..errors import FinalError, InputError
from ..models import predictions
from ..models.columns import signature_names
from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner
from ..reports.page import render, write_page
from .parity import Parity, compare, predict_test_split
from .to_onnx import OPSET, convert_saved_model, describe, rename_inputs, sha256


class NotProvenError(FinalError):
    """The ONNX file does not compute what its source computed."""


def convert(
    saved_model: str | Path, output: str | Path, dataset: str | Path, certificate: str | Path, page: str | Path
) -> dict[str, Any]:
    """Converts a model folder to ONNX, and proves the file on the dataset's test split.

    A model that is ONNX already (a tabular baseline) is proven in the same way. The source's own predictions of the
    test split, which are in its model folder, are what the file is compared with. A file that is not proven does not
    become the folder's model.onnx: it is kept apart as `unproven/model.onnx`.

    Args:
        saved_model: model folder with a SavedModel or an ONNX file.
        output: model folder to write, with model.onnx.
        dataset: folder of the dataset artifact that the model was trained on.
        certificate: folder for parity.json.
        page: HTML page to write.

    Returns:
        The certificate, as parity.json holds it.

    Raises:
        InputError: the folders cannot be used together.
        ConversionError: tf2onnx failed.
        NotProvenError: the file departs from its source.
    """
    data, source = Dataset.open(dataset), ModelFolder.open(saved_model)
    if source.dataset_digests["test"] != data.digests["test"]:
        raise InputError(f"{saved_model} was not trained on this dataset: its test split is another one")
    trial = replace(source, path=Path(output) / "unproven")
    trial.path.mkdir(parents=True, exist_ok=True)
    _write_onnx(source, trial.onnx)
    describe(trial.onnx, source)
    found = dict(predict_test_split(OnnxRunner(trial), data))
    parity = compare(data, source.task, dict(predictions.read(source.predictions("test"))), found)
    result = parity.as_json() | {"opset": OPSET, "bytes": trial.onnx.stat().st_size, "sha256": sha256(trial.onnx)}
    _write_certificate(result, Path(certificate))
    write_page(page, render("onnx_convert/page.html", title="ONNX conversion", parity=result, model=source))
    if not parity.proven:
        raise NotProvenError(_departure(parity))
    _accept(source, trial, Path(output))
    print(f"proven on {parity.items} items: largest difference {parity.max_abs_difference:.2g}", flush=True)
    return result


def _write_onnx(source: ModelFolder, file: Path) -> None:
    if source.framework == "vertex":
        raise InputError(
            f"{source.path} is a model of Vertex AI, which predicts with it itself: it needs no ONNX file. For one of "
            "your own, train with engine=local, or graduate (decision=graduate)."
        )
    if source.onnx.is_file():
        shutil.copyfile(source.onnx, file)
    elif source.saved_model.is_dir():
        print("converting the SavedModel with tf2onnx ...", flush=True)
        convert_saved_model(source.saved_model, file)
        if source.input["kind"] == "columns":
            # TensorFlow's names are identifiers; the graph takes the columns under their own.
            signature = signature_names(source.input["columns"])
            rename_inputs(file, {name: column for column, name in signature.items()})
    else:
        raise InputError(f"{source.path} has neither saved_model/ nor model.onnx: give a trained model folder")


def _accept(source: ModelFolder, trial: ModelFolder, output: Path) -> None:
    """Makes the proven file the model of the output folder, with what later steps read of the source."""
    proven = replace(trial, path=output)
    proven.predictions("test").parent.mkdir(exist_ok=True)
    shutil.copyfile(source.predictions("test"), proven.predictions("test"))
    trial.onnx.replace(proven.onnx)
    trial.path.rmdir()
    proven.save()


def _write_certificate(result: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with write_atomically(folder / "parity.json") as aside:
        aside.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _departure(parity: Parity) -> str:
    return (
        f"not proven: {parity.metric} is {parity.metric_onnx:.4f} in ONNX against {parity.metric_source:.4f}; the "
        f"largest difference is {parity.max_abs_difference:.2g}, {parity.tolerance:g} is tolerated; departing items: "
        + (", ".join(parity.departing) or "none")
    )
