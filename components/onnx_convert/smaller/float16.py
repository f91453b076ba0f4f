"""Weights stored as float16: half the file, the same computation."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .network import name_nodes, network_of

_LEAST_VALUES = 1024  # a smaller tensor saves next to nothing


def halve(source: Path, output: Path) -> None:
    """Writes a copy whose network has its weights as float16, each with a Cast to float32.

    It computes in float32: onnxruntime folds the casts when it loads the file. Weights beyond float16's range stay as
    they are.

    Raises:
        InputError: the graph has no network.
    """
    model = onnx.load(source)
    graph = model.graph
    name_nodes(graph)
    weights = network_of(graph).weights
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor) if tensor.name in weights else np.empty(0)
        if values.size >= _LEAST_VALUES and np.abs(values).max() <= np.finfo(np.float16).max:
            name, stored = tensor.name, f"{tensor.name}/float16"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
            cast = helper.make_node("Cast", [stored], [name], name=f"{name}/cast", to=onnx.TensorProto.FLOAT)
            graph.node.insert(0, cast)
    onnx.save(model, output)
