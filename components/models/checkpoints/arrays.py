"""Arrays by name (`.npz`): a graph's tensors under their names, with `|` for `/`."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError


def read_arrays(file: Path, location: str) -> dict[str, NDArray[np.float32]]:
    """Every array of a file.

    Raises:
        InputError: the file is damaged, or holds anything but numbers.
    """
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name.replace("|", "/"): arrays[name].astype(np.float32) for name in arrays.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, AttributeError) as error:
        # NumPy takes what it does not know for a pickle, and says how to load one "unsafely".
        reason = "" if "pickle" in str(error) else f" ({error})"
        raise InputError(
            f"the checkpoint {location} cannot be read: it is damaged, or no .npz file of numbers{reason}; "
            "copy it again"
        ) from error
