"""Any checkpoint: which architecture it fits, and its values."""

from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError
from ..architectures import MOBILENET_V2, Architecture
from .arrays import read_arrays
from .bundle import Tensor, find_prefix, read_bundle
from .fetch import local_copy
from .keras_file import download_imagenet, read_keras_file
from .layers import Layer, fit, named_weights, numbered_layers
from .saved_model import is_saved_model, read_saved_model
from .slim import from_slim
from .weights import FORMS, Weights


@dataclass(frozen=True)
class PretrainedWeights:
    """What a checkpoint holds.

    Attributes:
        architecture: the backbone that it fits.
        weights: its values, by the place in a network that they are for.
    """

    architecture: Architecture
    weights: Weights


def read_weights(location: str, architecture: Architecture = MOBILENET_V2) -> PretrainedWeights:
    """Reads a checkpoint.

    Args:
        location: local path or `gs://` URI, or `imagenet`; see `weights.FORMS`.
        architecture: whose weights to download for `imagenet`; every other checkpoint says itself what it fits.

    Raises:
        InputError: it cannot be read, or fits no architecture.
    """
    if location == "imagenet":
        return PretrainedWeights(architecture, download_imagenet(architecture))
    with local_copy(location) as path:
        return _read(path, location)


def _read(path: Path, location: str) -> PretrainedWeights:
    if path.suffix == ".npz":
        return _of_tensors(
            [Tensor(name, name, value) for name, value in read_arrays(path, location).items()], [], location
        )
    if is_saved_model(path):
        return _of_tensors(*read_saved_model(path, location), location)
    if prefix := find_prefix(path, location):
        tensors = read_bundle(prefix, location)
        return _of_tensors(tensors, numbered_layers(tensors), location)
    # In the folder of a model of ours, or of one from the zoo.
    if is_saved_model(path / "saved_model"):
        return _of_tensors(*read_saved_model(path / "saved_model", location), location)
    if path.is_dir():
        raise InputError(f"the folder {location} has no checkpoint: give one of {FORMS}")
    return PretrainedWeights(*read_keras_file(path, location))


def _of_tensors(tensors: list[Tensor], runs: list[list[Layer]], location: str) -> PretrainedWeights:
    """The names of Keras or of TF-Slim, or else their order, say what tensors are."""
    return PretrainedWeights(*fit({**named_weights(tensors), **from_slim(tensors)}, runs, location))
