"""Weights that were frozen into a graph as constants: what each is follows from the operation that takes it."""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework.node_def_pb2 import NodeDef

from .bundle import Tensor
from .layers import Layer
from .weights import NORM, Weight

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
# What is left of a batch norm whose statistics are constants.
_FACTORS = ("Mul",)
_OFFSETS = ("BiasAdd", "Add", "AddV2")
# What a graph does with constants alone; optimisers of graphs do it beforehand, but not every exporter runs one.
_FOLDED = {
    **dict.fromkeys(("Identity", "ReadVariableOp", "Enter"), np.asarray),
    **dict.fromkeys(("Add", "AddV2"), np.add),
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Rsqrt": lambda value: 1 / np.sqrt(value),
}
_FLOATS = [kind.as_datatype_enum for kind in (tf.float32, tf.float16, tf.bfloat16)]


def frozen_tensors(nodes: Iterable[NodeDef]) -> list[Tensor]:
    """The constants of a graph but single numbers, under their own names."""
    constants = {node.name: _value(node) for node in nodes if _is_constant(node)}
    return [Tensor(name, name, value) for name, value in constants.items() if value.ndim]


def frozen_layers(nodes: Iterable[NodeDef]) -> list[Layer]:
    """Convolutions and batch norms in the order of a graph; of a folded batch norm, what is left of it."""
    known: dict[str, NDArray[np.float32]] = {}
    layers: list[Layer] = []
    for node in nodes:
        inputs = [name.partition(":")[0] for name in node.input if not name.startswith("^")]
        if _is_constant(node):
            known[node.name] = _value(node)
        elif node.op in _FOLDED and all(name in known for name in inputs):
            known[node.name] = _FOLDED[node.op](*(known[name] for name in inputs))
        else:
            layer = _layer(node.op, [Weight(name, known[name]) if name in known else None for name in inputs])
            if "beta" in layer and layers and layers[-1].keys() == {"gamma"}:
                layers[-1] |= layer
            elif layer:
                layers.append(layer)
    return layers


def _layer(operation: str, inputs: list[Weight | None]) -> Layer:
    """The constants that an operation takes, by the name of the Keras variable that each would be."""
    if operation in _CONVOLUTIONS:
        found = {"kernel": inputs[1]}
    elif operation in _NORMS:
        found = dict(zip(NORM, inputs[1:5], strict=True))
    elif operation in _FACTORS + _OFFSETS:
        vectors = [each for each in inputs if each and each.value.size == max(each.value.shape, default=0) > 1]
        vector = Weight(vectors[0].source, vectors[0].value.ravel()) if vectors else None
        found = {"gamma" if operation in _FACTORS else "beta": vector}
    else:
        found = {}
    return {name: weight for name, weight in found.items() if weight}


def _is_constant(node: NodeDef) -> bool:
    return node.op == "Const" and node.attr["dtype"].type in _FLOATS


def _value(node: NodeDef) -> NDArray[np.float32]:
    return tf.make_ndarray(node.attr["value"].tensor).astype(np.float32)
