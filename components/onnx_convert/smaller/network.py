"""Which part of an ONNX graph is the network: all between its first and its last layer with weights."""

from dataclasses import dataclass

import onnx

from ...errors import InputError

_LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Network:
    """The nodes of a network, without what comes before (resizing, scaling) and after (probabilities, boxes, NMS).

    Attributes:
        nodes: their names, in the graph's order.
        op_types: of the nodes.
        layers: names of those that have weights.
        first: names of the layers that no other one comes before.
        last: names of the layers that no other one comes after.
        weights: names of the layers' weights, without their biases.
    """

    nodes: list[str]
    op_types: set[str]
    layers: set[str]
    first: list[str]
    last: list[str]
    weights: set[str]


def network_of(graph: onnx.GraphProto) -> Network:
    """Finds the network: a node is in it that has a layer before it, or is one, and a layer after it, or is one.

    Args:
        graph: its nodes have names, in an order in which they can be computed, as the format has it.

    Raises:
        InputError: it has no layers: its nodes are those of trees, say.
    """
    constants = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    layers = {node.name for node in graph.node if node.op_type in _LAYERS and node.input[1] in constants}
    if not layers:
        raise InputError("it has no layers of convolutions or matrix products, whose weights could be stored in less")
    # Tensors that depend on a layer, and tensors that a layer depends on.
    behind, ahead = set[str](), set[str]()
    after_a_layer, before_a_layer = set[str](), set[str]()
    for node in graph.node:
        if behind.intersection(node.input):
            after_a_layer.add(node.name)
        if node.name in layers or node.name in after_a_layer:
            behind.update(node.output)
    for node in reversed(graph.node):
        if ahead.intersection(node.output):
            before_a_layer.add(node.name)
        if node.name in layers or node.name in before_a_layer:
            ahead.update(node.input)
    inside = (layers | after_a_layer) & (layers | before_a_layer)
    nodes = [node for node in graph.node if node.name in inside]
    return Network(
        [node.name for node in nodes],
        {node.op_type for node in nodes},
        layers,
        [node.name for node in nodes if node.name not in after_a_layer],
        [node.name for node in nodes if node.name not in before_a_layer],
        {node.input[1] for node in nodes if node.name in layers},
    )


def name_nodes(graph: onnx.GraphProto) -> None:
    """Gives a name of its own to each node that has none: the format does not ask for names."""
    for place, node in enumerate(graph.node):
        node.name = node.name or f"node_{place}_{node.op_type}"
