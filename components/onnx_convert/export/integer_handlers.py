"""Translations of ops on integers, which tf2onnx computes in float32: that is exact up to 2^24 only.

They have the form of those of `handlers`.
"""

from typing import Any

import numpy as np
from onnx import TensorProto
from tf2onnx import utils
from tf2onnx.graph import Graph, Node
from tf2onnx.onnx_opset.logical import GreaterLess, GreaterLessEqual
from tf2onnx.onnx_opset.tensor import TopKV2

from .handlers import replace

_WIDE = (TensorProto.INT32, TensorProto.INT64)
# Of these onnxruntime has a Where.
_CHOSEN = (*_WIDE, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.UINT8)


def compare(graph: Graph, node: Node, **kwargs: Any) -> None:
    """Greater, GreaterOrEqual, Less or LessOrEqual, of integers.

    Both sides are cast, since the counters of loops, int32 in TensorFlow, are int64 in ONNX.
    """
    op = node.type.replace("Equal", "OrEqual")
    if graph.get_dtype(node.input[0]) in _WIDE:
        replace(graph, node, op, [_cast(graph, node, name, TensorProto.INT64) for name in node.input])
    elif op == node.type:
        GreaterLess.version_7(graph, node, **kwargs)
    else:
        GreaterLessEqual.version_12(graph, node, **kwargs)


def one_hot(graph: Graph, node: Node, **_: Any) -> None:
    """Equality of each index and each class: for an index below 0, ONNX's OneHot counts from the last class on."""
    scope, axis = node.name, node.get_attr_value("axis", -1)
    rank, dtype = graph.get_rank(node.input[0]), graph.get_dtype(node.output[0])
    utils.make_sure(axis < 0 or rank is not None, "the rank of its indices is free")
    behind = 0 if axis < 0 or rank is None else rank - axis
    indices, depth = (_cast(graph, node, name, TensorProto.INT64) for name in node.input[:2])
    start, step = (_whole(graph, node, value) for value in (0, 1))
    classes = graph.make_node("Range", [start, depth, step], op_name_scope=scope).output[0]
    if behind:
        classes = _unsqueezed(graph, node, classes, list(range(1, 1 + behind)))
    column = _unsqueezed(graph, node, indices, [axis])
    hit = graph.make_node("Equal", [column, classes], op_name_scope=scope).output[0]
    if dtype in _CHOSEN:
        replace(graph, node, "Where", [hit, *node.input[2:4]])
        return
    on, off = (_cast(graph, node, name, TensorProto.FLOAT) for name in node.input[2:4])
    chosen = graph.make_node("Where", [hit, on, off], op_name_scope=scope).output[0]
    replace(graph, node, "Cast", [chosen], {"to": dtype})


def top_k(graph: Graph, node: Node, **kwargs: Any) -> None:
    """TopK, of integers."""
    if graph.get_dtype(node.input[0]) not in _WIDE:
        node.type = "TopK"
        TopKV2.any_version_after10(11, graph, node, **kwargs)
        return
    (values, indices), shapes, dtypes = node.output, node.output_shapes, node.output_dtypes
    count = _unsqueezed(graph, node, _cast(graph, node, node.input[1], TensorProto.INT64), [0])
    wide = utils.make_name(f"{node.name}_indices")
    graph.remove_node(node.name)
    graph.make_node(
        "TopK",
        [node.input[0], count],
        outputs=[values, wide],
        name=node.name,
        shapes=shapes,
        dtypes=[dtypes[0], TensorProto.INT64],
    )
    graph.make_node("Cast", [wide], {"to": dtypes[1]}, outputs=[indices], shapes=shapes[1:], dtypes=dtypes[1:])


TRANSLATIONS = {
    "Greater": compare,
    "GreaterEqual": compare,
    "Less": compare,
    "LessEqual": compare,
    "OneHot": one_hot,
    "TopKV2": top_k,
}


def _cast(graph: Graph, node: Node, tensor: str, dtype: int) -> str:
    return graph.make_node("Cast", [tensor], {"to": dtype}, op_name_scope=node.name).output[0]


def _unsqueezed(graph: Graph, node: Node, tensor: str, axes: list[int]) -> str:
    return graph.make_node("Unsqueeze", [tensor, _whole(graph, node, axes)], op_name_scope=node.name).output[0]


def _whole(graph: Graph, node: Node, value: Any) -> str:
    return graph.make_const(utils.make_name(f"{node.name}_whole"), np.asarray(value, np.int64)).output[0]
