"""A LiteRT file, loaded: called with arrays."""

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ..tensors import Tensors
from .refused import RefusedError


class LiteRTFile:
    """A LiteRT model by its only signature: named arrays in, named arrays out; whole numbers become floats."""

    def __init__(self, path: Path) -> None:
        """Loads it.

        Raises:
            RefusedError: LiteRT refuses it.
        """
        self.path = path
        try:
            interpreter = Interpreter(model_path=str(path), num_threads=1)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise RefusedError(f"LiteRT cannot load it: {error}") from error
        self._run = interpreter.get_signature_runner()
        self._inputs: dict[str, Any] = self._run.get_input_details()
        self._outputs: dict[str, Any] = self._run.get_output_details()

    def __call__(self, inputs: Tensors) -> Tensors:
        """The outputs by name, for inputs by name; pixels are rounded where the model takes whole numbers."""
        given = {name: _as_taken(inputs[name], described) for name, described in self._inputs.items()}
        return {name: _as_float(value, self._outputs[name]) for name, value in self._run(**given).items()}


def _as_taken(value: NDArray[Any], described: dict[str, Any]) -> NDArray[Any]:
    dtype = described["dtype"]
    if value.dtype == object:
        return np.vectorize(lambda text: text.encode(), otypes=[object])(value)
    if value.dtype.kind == "f" and np.issubdtype(dtype, np.integer):
        return np.rint(value).astype(dtype)
    return value.astype(dtype)


def _as_float(value: NDArray[Any], described: dict[str, Any]) -> NDArray[Any]:
    scale, zero = described["quantization"]
    return ((value.astype(np.float32) - zero) * np.float32(scale)) if scale else value
