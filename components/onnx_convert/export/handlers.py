"""Translations of TensorFlow's ops that tf2onnx lacks, or has wrong.

Each takes tf2onnx's graph and the node of the op, and puts ONNX nodes (https://onnx.ai/onnx/operators/) in its place,
with the node's outputs under their names. What none can do it refuses with `utils.make_sure`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from onnx import TensorProto
from tf2onnx import constants, utils
from tf2onnx.custom_opsets.onnx_ml import LookupTableFind
from tf2onnx.graph import Graph, Node
from tf2onnx.onnx_opset.controlflow import Select
from tf2onnx.onnx_opset.math import FloorDiv, FloorMod
from tf2onnx.onnx_opset.tensor import NonMaxSuppression

_FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)


def replace(
    graph: Graph, node: Node, op: str, inputs: Sequence[str], attributes: dict[str, Any] | None = None, domain: str = ""
) -> None:
    """Puts an ONNX node in a node's place, with its name and outputs."""
    shapes, dtypes = node.output_shapes, node.output_dtypes
    graph.remove_node(node.name)
    graph.make_node(
        op, inputs, attributes, outputs=node.output, name=node.name, shapes=shapes, dtypes=dtypes, domain=domain
    )


def erfc(graph: Graph, node: Node, **_: Any) -> None:
    """1 - Erf(x): in the exact GELU."""
    erf = graph.make_node("Erf", [node.input[0]], op_name_scope=node.name)
    replace(graph, node, "Sub", [_constant(graph, node, 1), erf.output[0]])


def expm1(graph: Graph, node: Node, **_: Any) -> None:
    """Exp(x) - 1: in CELU."""
    exp = graph.make_node("Exp", [node.input[0]], op_name_scope=node.name)
    replace(graph, node, "Sub", [exp.output[0], _constant(graph, node, 1)])


def log1p(graph: Graph, node: Node, **_: Any) -> None:
    """Log(1 + x)."""
    added = graph.make_node("Add", [node.input[0], _constant(graph, node, 1)], op_name_scope=node.name)
    replace(graph, node, "Log", [added.output[0]])


def floor_mod(graph: Graph, node: Node, **kwargs: Any) -> None:
    """Mod, of integers: tf2onnx rounds the quotient towards zero, and TensorFlow down."""
    if graph.get_dtype(node.output[0]) in _FLOATS:
        FloorMod.version_7(graph, node, **kwargs)
    else:
        replace(graph, node, "Mod", node.input)


def floor_div(graph: Graph, node: Node, **kwargs: Any) -> None:
    """(x - Mod(x, y)) / y, of integers: see `floor_mod`."""
    if graph.get_dtype(node.output[0]) in _FLOATS:
        FloorDiv.version_6(graph, node, **kwargs)
        return
    rest = graph.make_node("Mod", node.input, op_name_scope=node.name)
    divisible = graph.make_node("Sub", [node.input[0], rest.output[0]], op_name_scope=node.name)
    replace(graph, node, "Div", [divisible.output[0], node.input[1]])


def select(graph: Graph, node: Node, **kwargs: Any) -> None:
    """Where, of floats: tf2onnx multiplies both sides by 0 or 1, and 0 x NaN of the side not taken is NaN."""
    if graph.get_dtype(node.output[0]) in _FLOATS:
        node.set_attr("handles_nan", 1)
    Select.version_9(graph, node, **kwargs)


def hard_suppression(graph: Graph, node: Node, **kwargs: Any) -> None:
    """tf2onnx's own NonMaxSuppression, not soft: of `soft_nms_sigma`, it looks at the integer part only."""
    sigma = node.inputs[5].get_tensor_value() if len(node.input) > 5 else 0.0
    utils.make_sure(sigma == 0, "soft non-maximum suppression has no ONNX form, set soft_nms_sigma to 0")
    NonMaxSuppression.version_13(graph, node, **kwargs)


def bucketize(graph: Graph, node: Node, **_: Any) -> None:
    """How many boundaries are not above x: in `keras.layers.Discretization`; NaN is above all."""
    dtype = utils.map_onnx_to_numpy_type(graph.get_dtype(node.input[0]))
    boundaries = _constant(graph, node, node.get_attr_value("boundaries"), dtype)
    last = _constant(graph, node, [-1], np.int64)
    column = graph.make_node("Unsqueeze", [node.input[0], last], op_name_scope=node.name)
    below = graph.make_node("Less", [column.output[0], boundaries], op_name_scope=node.name)
    passed = graph.make_node("Not", [below.output[0]], op_name_scope=node.name)
    counted = graph.make_node("Cast", [passed.output[0]], {"to": TensorProto.INT32}, op_name_scope=node.name)
    replace(graph, node, "ReduceSum", [counted.output[0], last], {"keepdims": 0})


def lookup(graph: Graph, node: Node, initialized_tables: Mapping[Any, Any], **_: Any) -> None:
    """LabelEncoder for the tables between other types than string and int64: in `keras.layers.IntegerLookup`."""
    graph.copy_shape(node.input[1], node.output[0])  # which tf2onnx has not found out
    kinds: dict[int, str] = {TensorProto.STRING: "strings", TensorProto.INT64: "int64s", TensorProto.FLOAT: "floats"}
    keys, values = (kinds.get(graph.get_dtype(name) or 0) for name in (node.input[1], node.output[0]))
    if {keys, values} == {"strings", "int64s"}:
        LookupTableFind.version_8(graph, node, initialized_tables)
        return
    utils.make_sure(keys and values, "only tables of text, int64 and float32 have an ONNX form")
    table = node.inputs[0]
    while table.type == "Identity":
        table = table.inputs[0]
    contents = initialized_tables[table.get_attr_value("shared_name")]
    default = node.inputs[2].get_tensor_value()
    encoded = {f"keys_{keys}": contents[0], f"values_{values}": contents[1], f"default_{str(values)[:-1]}": default}
    replace(graph, node, "LabelEncoder", [node.input[1]], encoded, constants.AI_ONNX_ML_DOMAIN)


TRANSLATIONS: dict[str, Callable[..., None]] = {
    "Bucketize": bucketize,
    "Erfc": erfc,
    "Expm1": expm1,
    "FloorDiv": floor_div,
    "FloorMod": floor_mod,
    "Log1p": log1p,
    "LookupTableFindV2": lookup,
    "NonMaxSuppressionV5": hard_suppression,
    "Select": select,
    "SelectV2": select,
}


def _constant(graph: Graph, node: Node, value: Any, dtype: Any = None) -> str:
    """The name of a constant, of the dtype of the node's output where none is given."""
    dtype = dtype or utils.map_onnx_to_numpy_type(graph.get_dtype(node.output[0]))
    return graph.make_const(utils.make_name(f"{node.name}_constant"), np.asarray(value, dtype)).output[0]
