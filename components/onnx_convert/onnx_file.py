"""An ONNX file, loaded: called with arrays."""

from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..errors import FinalError
from .tensors import Signature, Tensors, TensorSpec


class OnnxFile:
    """An ONNX graph in onnxruntime: named arrays in, named arrays out.

    Attributes:
        path: the file.
        signature: the graph's inputs and outputs.
    """

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Loads it.

        Args:
            path: of the file.
            threads: that one operator may use; as many as there are cores where 0.

        Raises:
            FinalError: onnxruntime refuses it.
        """
        self.path = path
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_mem_pattern = False  # patterns are kept per input shape, and sizes vary here
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no public base class
            raise FinalError(f"onnxruntime refuses {path}: {error}") from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.signature = Signature(
            tuple(_spec(each) for each in inputs), tuple(sorted(map(_spec, outputs), key=lambda each: each.name))
        )

    def __call__(self, inputs: Tensors) -> Tensors:
        """The outputs by name, for inputs by name."""
        names = [each.name for each in self.signature.outputs]
        return dict(zip(names, map(np.asarray, self._session.run(names, inputs)), strict=True))


_DTYPES = {"float": "float32", "double": "float64"}


def _spec(value: ort.NodeArg) -> TensorSpec:
    dtype = str(value.type).removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) else None for size in value.shape)
    return TensorSpec(value.name, _DTYPES.get(dtype, dtype), shape)
