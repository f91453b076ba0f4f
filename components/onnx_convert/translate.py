"""A source's ONNX file, not yet proven."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from ..errors import FinalError
from ..models.columns import signature_names
from ..models.folder import ModelFolder
from .export.metadata import describe, rename_inputs
from .source import Source


@dataclass(frozen=True)
class Translation:
    """An ONNX file and where it comes from.

    Attributes:
        file: the ONNX file.
        frozen: the TensorFlow graph that it was translated from; None for a source that is ONNX already.
        names: the signature's name of each input whose name in the file is another.
    """

    file: Path
    frozen: Path | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def translate(source: Source, file: Path, signature: str, opset: int) -> Translation:
    """Writes the ONNX file of a source, with what it is in its metadata.

    Raises:
        InputError: there is no such signature.
        ConversionError: tf2onnx gave no valid file.
    """
    translation = _translated(source, file, signature, opset)
    describe(file, _metadata(source, signature))
    return translation


def _translated(source: Source, file: Path, signature: str, opset: int) -> Translation:
    if not source.saved_model:
        assert source.folder
        _check(source.folder.onnx)
        shutil.copyfile(source.folder.onnx, file)
        return Translation(file)
    from .export.to_onnx import convert_saved_model  # TensorFlow takes seconds to load, and an ONNX source needs none

    print("converting the SavedModel with tf2onnx ...", flush=True)
    frozen = convert_saved_model(source.saved_model, file, signature, opset)
    if not source.folder or source.folder.input["kind"] != "columns":
        return Translation(file, frozen)
    # TensorFlow's names are identifiers; the graph takes the columns under their own.
    names = signature_names(source.folder.input["columns"])
    rename_inputs(file, {name: column for column, name in names.items()})
    return Translation(file, frozen, names)


def _check(file: Path) -> None:
    try:
        onnx.checker.check_model(str(file), full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise FinalError(f"{file} is no valid graph: {error}; train the model again") from error


def _metadata(source: Source, signature: str) -> dict[str, str]:
    origin = {"source": source.name, "source_digests": json.dumps(source.digests())}
    if source.preprocessing and source.preprocessing.is_file():
        origin["preprocessing"] = source.preprocessing.read_text(encoding="utf-8")
    if not source.folder:
        return {**origin, "signature": signature}
    return origin | _described(source.folder)


def _described(model: ModelFolder) -> dict[str, str]:
    return {
        "task": str(model.task),
        "labels": json.dumps(model.labels, ensure_ascii=False),
        "input": json.dumps(model.input),
        "dataset_digests": json.dumps(model.dataset_digests),
        "pretrained": model.pretrained,
    }
