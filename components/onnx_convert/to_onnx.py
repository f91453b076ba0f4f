"""From a SavedModel to an ONNX file, by tf2onnx."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import onnx

from ..errors import FinalError
from ..models.folder import ModelFolder
from ..models.onnx_names import rename

OPSET = 18
LINES_OF_LOG = 15


class ConversionError(FinalError):
    """tf2onnx gave no valid ONNX file; the message ends in what it said."""


def convert_saved_model(saved_model: Path, file: Path) -> None:
    """Converts the signature `serving_default`.

    The command is used, since tf2onnx's Python interface has no entry for a SavedModel. Its exit code counts for
    nothing (it exits with 0 for invalid graphs): the file is checked by `onnx.checker` and proven by `parity`.

    Raises:
        ConversionError: no file was written, or it is not a valid graph.
    """
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(saved_model), "--output", str(file)]
    command += ["--opset", str(OPSET), "--tag", "serve", "--signature_def", "serving_default"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    said = "\n".join(run.stdout.splitlines()[-LINES_OF_LOG:])
    if run.returncode or not file.is_file():
        raise ConversionError(f"tf2onnx could not convert {saved_model}:\n{said}")
    try:
        onnx.checker.check_model(str(file), full_check=True)
    except onnx.checker.ValidationError as error:
        raise ConversionError(f"tf2onnx made an invalid graph of {saved_model}: {error}") from error


def describe(file: Path, model: ModelFolder) -> None:
    """Writes the labels and the origin of a model into the ONNX file's metadata (`metadata_props`)."""
    graph = onnx.load(str(file))
    onnx.helper.set_model_props(
        graph,
        {
            "task": str(model.task),
            "labels": json.dumps(model.labels, ensure_ascii=False),
            "input": json.dumps(model.input),
            "dataset_digests": json.dumps(model.dataset_digests),
            "pretrained": model.pretrained,
        },
    )
    onnx.save(graph, str(file))


def rename_inputs(file: Path, names: Mapping[str, str]) -> None:
    """Renames the graph's inputs: new name by old name."""
    graph = onnx.load(str(file))
    rename(graph.graph, names)
    onnx.save(graph, str(file))


def sha256(file: Path) -> str:
    """Hexadecimal digest of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
