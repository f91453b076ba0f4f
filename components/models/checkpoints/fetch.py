"""A checkpoint on this machine, wherever it is."""

import glob
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...data import storage
from ...errors import InputError


@contextmanager
def local_copy(location: str) -> Iterator[Path]:
    """Gives the local path of a file, a folder, or a prefix of files such as `model.ckpt`; what is remote is copied.

    Raises:
        InputError: there is nothing of that name, or it may not be read.
    """
    location = location.rstrip("/")
    with tempfile.TemporaryDirectory() as room:
        try:
            path = _copy(location, Path(room)) if storage.is_remote(location) else Path(location)
            if not path.exists() and not glob.glob(f"{glob.escape(str(path))}.*"):
                raise FileNotFoundError(f"there is no {location}")
        except OSError as error:
            raise InputError(f"the checkpoint {location} cannot be read: {error}") from error
        yield path


def _copy(location: str, room: Path) -> Path:
    root = storage.parent(location)
    for file in _remote_files(location, root):
        copy = room / storage.relative_name(file, root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(storage.read_bytes(file))
    return room / storage.file_name(location)


def _remote_files(location: str, root: str) -> list[str]:
    if not storage.exists(location):
        return [file for file in storage.list_files(root) if file.startswith(f"{location}.")]
    return storage.list_files(location) or [location]
