"""What an ONNX file says about itself, and small edits of a file that do not touch what it computes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import onnx

from ...models.onnx_names import rename


def describe(file: Path, values: Mapping[str, str]) -> None:
    """Writes texts into a file's metadata (`metadata_props`), beside those that it has.

    `models.inspection.onnx_file` reads them; structured values are JSON.

    https://github.com/onnx/onnx/blob/main/docs/MetadataProps.md

    Args:
        file: ONNX file, changed in place.
        values: text by name; one of a name that is there already takes its place.
    """
    model = onnx.load(str(file))
    kept = {each.key: each.value for each in model.metadata_props}
    onnx.helper.set_model_props(model, {**kept, **values})
    onnx.save(model, str(file))


def rename_inputs(file: Path, names: Mapping[str, str]) -> None:
    """Renames the graph's inputs: new name by old name."""
    model = onnx.load(str(file))
    rename(model.graph, names)
    onnx.save(model, str(file))


def sha256(file: Path) -> str:
    """Hexadecimal digest of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
