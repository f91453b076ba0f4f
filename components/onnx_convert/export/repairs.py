"""Repairs of what tf2onnx does before and after the translation of the ops."""

from collections.abc import Sequence
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef
from tf2onnx import tf_loader

# Marks of functions that TensorFlow's graph optimiser leaves alone; tf2onnx has no translation of a call.
NOT_INLINED = ("_XlaMustCompile", "_noinline")


def inline_all_functions() -> None:
    """Lets the graph optimiser inside tf2onnx inline functions that were compiled by XLA (`jit_compile`) too.

    Keras compiles grouped convolutions so; their calls would be left in the graph as `PartitionedCall`.
    """
    optimize = tf_loader.tf_optimize

    def optimize_all(inputs: list[str], outputs: list[str], graph: GraphDef) -> Any:
        strip_attributes(graph, NOT_INLINED)
        return optimize(inputs, outputs, graph)

    tf_loader.tf_optimize = optimize_all


def strip_attributes(graph: GraphDef, names: Sequence[str]) -> None:
    """Takes attributes off all nodes and functions of a graph, in place."""
    functions = graph.library.function
    for described in (*graph.node, *functions, *(node for each in functions for node in each.node_def)):
        for name in names:
            described.attr.pop(name, None)
