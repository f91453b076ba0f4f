"""Keras weights (HDF5) of a backbone, with or without a classification head, and those that Keras downloads."""

import tempfile
import warnings
from pathlib import Path

import h5py
import keras
import numpy as np

from ...errors import InputError
from ..architectures import ARCHITECTURES, KNOWN, Architecture
from .bundle import Tensor
from .layers import fit, named_weights
from .weights import FORMS, Weight, Weights, place


def read_keras_file(file: Path, location: str) -> tuple[Architecture, Weights]:
    """The architecture whose variables fit a file, and their values.

    Raises:
        InputError: the file is damaged, or fits no architecture.
    """
    try:
        with h5py.File(file) as opened:
            tensors = _of_keras_2(opened)
    except OSError as error:
        raise InputError(
            f"the checkpoint {location} fits no known backbone: it is damaged, or in no known form ({error}); copy it "
            f"again, or give {FORMS}"
        ) from error
    if tensors:
        return fit(named_weights(tensors), [], location)
    for architecture in ARCHITECTURES:
        network = architecture.build(None)
        if _fits(network, file):
            return architecture, weights_of(network)
    raise InputError(
        f"the checkpoint {location} fits no known backbone: give Keras weights (.weights.h5) of one of {KNOWN}; "
        "`imagenet`; or nothing"
    )


def _of_keras_2(file: h5py.File) -> list[Tensor]:
    """Tensors by the names of their variables, which a file of Keras 3 does not have."""
    if "layer_names" not in file.attrs and "model_weights" not in file:
        return []
    tensors: list[Tensor] = []

    def take(name: str, entry: h5py.Group | h5py.Dataset) -> None:
        if isinstance(entry, h5py.Dataset) and entry.dtype.kind == "f":
            tensors.append(Tensor(name, name.removesuffix(":0"), entry[()].astype(np.float32)))

    file.visititems(take)
    return tensors


def download_imagenet(architecture: Architecture) -> Weights:
    """The weights that keras.applications (https://keras.io/api/applications) has of an architecture.

    Raises:
        InputError: there is no network to download from, or no such weights.
    """
    build = getattr(keras.applications, architecture.name, None)
    if build is None:
        raise InputError(
            f"there are no ImageNet weights of {architecture.name}: give another architecture or checkpoint"
        )
    try:
        return weights_of(build(input_shape=(None, None, 3), include_top=False, weights="imagenet"))
    except Exception as error:  # keras raises a bare Exception when the download fails
        raise InputError(
            f"the ImageNet weights cannot be downloaded ({error}): give the checkpoint as a local path or gs:// URI of "
            f"a .weights.h5 file of one of {KNOWN}; or leave it empty to train from nothing"
        ) from error


def weights_of(network: keras.Model) -> Weights:
    """The values of a network's variables."""
    return {place(variable.path): Weight(variable.path, variable.numpy()) for variable in network.weights}


def _fits(network: keras.Model, file: Path) -> bool:
    """Loads a file's weights into a network; whether it has all of them, in their shapes."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        # Files of older versions lack groups that hold no weights.
        warnings.filterwarnings("ignore", message="Skipping nested container")
        # Keras tells the format by the name.
        named = Path(folder) / "checkpoint.weights.h5"
        named.symlink_to(file.absolute())
        try:
            network.load_weights(named)
        except (ValueError, KeyError, OSError):
            return False
    return True
