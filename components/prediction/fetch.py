"""A model that may be in Cloud Storage, brought to this machine."""

import shutil
from pathlib import Path

from ..data import storage
from ..data.storage import write_atomically
from ..errors import InputError
from .plain_model import WEIGHTS

# Folders of a model that no prediction reads: the conversion's source, its copy for Triton, what training predicted.
_NOT_NEEDED = {"saved_model", "triton", "predictions", "unproven"}


def fetch_model(uri: str, into: Path) -> Path:
    """Brings what `open_predictor` takes to this machine.

    Args:
        uri: path or gs:// URI of a model folder, of an ONNX file, or of a folder with an ONNX file alone.
        into: folder for the copy of what is remote.

    Returns:
        The model folder or the ONNX file: what is on this machine already stays where it is.

    Raises:
        InputError: there is nothing of that name, or it may not be read.
    """
    try:
        return _model_in(_copy(uri.rstrip("/"), into) if storage.is_remote(uri) else Path(uri))
    except OSError as error:
        raise InputError(f"the model {uri} cannot be read: {error}") from error


def _copy(uri: str, into: Path) -> Path:
    root = storage.parent(uri)
    files = storage.list_files(uri) or [uri, *(uri + end for end in WEIGHTS if storage.exists(uri + end))]
    copies = {storage.relative_name(file, root): file for file in files}
    for name, file in copies.items():
        if _NOT_NEEDED.isdisjoint(name.split("/")[1:-1]):
            with write_atomically(into / name) as aside, storage.open_binary(file) as source, aside.open("wb") as copy:
                shutil.copyfileobj(source, copy)
    return into / storage.file_name(uri)


def _model_in(path: Path) -> Path:
    """The ONNX file of a folder that holds one and is no model folder: services name a model by its folder only."""
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}")
    files = [] if (path / "model.json").exists() else sorted(path.glob("*.onnx"))
    return files[0] if len(files) == 1 else path
