"""Names of an ONNX graph's inputs and outputs; converters replace what is no identifier in them."""

from collections.abc import Mapping

import onnx


def rename(graph: onnx.GraphProto, new_names: Mapping[str, str]) -> None:
    """Gives inputs and outputs of a graph other names, in place; those that are not named stay as they are.

    A value inside the graph that has one of the new names already gets another.
    """
    inner = {name for node in graph.node for name in node.output} | {each.name for each in graph.initializer}
    clashing = (inner & set(new_names.values())) - set(new_names)
    new_names = {**new_names, **{name: f"inner/{name}" for name in clashing}}
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = new_names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [new_names.get(name, name) for name in node.input]
        node.output[:] = [new_names.get(name, name) for name in node.output]
