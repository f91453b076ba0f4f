"""A SavedModel, loaded: one of its signatures, called with arrays."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ..errors import InputError
from .tensors import Signature, Tensors, TensorSpec

SERVING = "serving_default"


class SavedModel:
    """A SavedModel by one of its signatures: named arrays in, named arrays out.

    Attributes:
        path: the folder.
        key: the signature's name.
        signature: its inputs and outputs.
        loaded: what `tf.saved_model.load` gave.
    """

    def __init__(self, path: Path, key: str = SERVING) -> None:
        """Loads it.

        Raises:
            InputError: the folder holds no SavedModel, or none with this signature.
        """
        self.path, self.key = path, key
        try:
            self.loaded = tf.saved_model.load(str(path))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} is no SavedModel that TensorFlow can load: {error}") from error
        known = sorted(self.loaded.signatures)
        if key not in known:
            raise InputError(f"{path} has no signature {key!r}, but {', '.join(known) or 'none'}: choose one of them")
        self._function = self.loaded.signatures[key]
        _, inputs = self._function.structured_input_signature
        self.signature = Signature(
            tuple(_spec(name, spec) for name, spec in inputs.items()),
            tuple(_spec(name, spec) for name, spec in sorted(self._function.structured_outputs.items())),
        )

    def __call__(self, inputs: Tensors) -> Tensors:
        """The outputs by name, for inputs by name."""
        found = self._function(**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: _as_array(value) for name, value in found.items()}


def _spec(name: str, spec: tf.TensorSpec) -> TensorSpec:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return TensorSpec(name, spec.dtype.name, shape)


def _as_array(value: tf.Tensor) -> np.ndarray:
    array = np.asarray(value.numpy())
    if array.dtype != object:
        return array
    return np.array([text.decode("utf-8", "replace") for text in array.ravel()], dtype=object).reshape(array.shape)
