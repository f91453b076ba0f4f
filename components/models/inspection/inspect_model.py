"""What a model on disk is: what it says of itself, and its formats with their signatures. No model is loaded for it."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..folder import ModelFolder
from .graph import Graph
from .onnx_file import read_onnx
from .saved_model import SAVED_MODEL_FILE, read_saved_model


@dataclass(frozen=True)
class Inspected:
    """A model on disk.

    Attributes:
        described: what it says of itself, by the names of `ModelFolder` and of `serving.preprocessing`.
        graphs: its formats.
    """

    described: dict[str, Any]
    graphs: list[Graph]


def inspect_model(path: Path) -> Inspected:
    """Looks at a model.

    Args:
        path: a model folder, the folder of a SavedModel, or an ONNX file.

    Raises:
        InputError: it is none of them, or damaged.
    """
    if (path / "model.json").is_file():
        model = ModelFolder.open(path)
        graphs = [read_saved_model(model.saved_model)] if (model.saved_model / SAVED_MODEL_FILE).is_file() else []
        graphs += [read_onnx(model.onnx)] if model.onnx.is_file() else []
        asset = graphs[0].described if graphs else {}
        graphs += [read_onnx(file) for file in sorted(path.glob("members/*/model.onnx"))]  # of an ensemble
        return Inspected(asset | asdict(model), graphs)
    if (path / SAVED_MODEL_FILE).is_file():
        graph = read_saved_model(path)
    elif path.is_file():
        graph = read_onnx(path)
    else:
        raise InputError(
            f"{path} is no model: give a model folder (with model.json), a SavedModel (with {SAVED_MODEL_FILE}) or an "
            "ONNX file."
        )
    return Inspected(graph.described, [graph])
