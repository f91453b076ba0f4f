"""The frozen TensorFlow graph that an ONNX file was made of: its inner values by name."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ..tensors import Run, Tensors


class FrozenGraph:
    """A GraphDef without variables, of which any tensor can be computed.

    Attributes:
        operators: TensorFlow's operator of each node.
    """

    def __init__(self, path: Path, names: Mapping[str, str] | None = None) -> None:
        """Reads it.

        Args:
            path: a binary GraphDef.
            names: the placeholders' names by the inputs', where they differ.
        """
        self._definition = tf.compat.v1.GraphDef.FromString(path.read_bytes())
        self.operators: dict[str, str] = {node.name: node.op for node in self._definition.node}
        self._names = names or {}
        # The one public way to a function of any tensors of a GraphDef; `tf.function` knows those of Python code only.
        self._function = tf.compat.v1.wrap_function(
            lambda: tf.graph_util.import_graph_def(self._definition, name=""), []
        )

    def has(self, tensor: str) -> bool:
        """Whether a tensor, such as `dense/BiasAdd:0`, stands in the graph, and is of floats."""
        node, _, place = tensor.rpartition(":")
        if node not in self.operators or not place.isdigit():
            return False
        outputs = self._function.graph.get_operation_by_name(node).outputs
        return int(place) < len(outputs) and outputs[int(place)].dtype.is_floating

    def is_looked_up(self, tensor: str) -> bool:
        """Whether a tensor is what is found in a table; a frozen graph has none."""
        return self.operators.get(tensor.rpartition(":")[0]) == "LookupTableFindV2"

    def giving(self, inputs: Iterable[str], tensors: Iterable[str]) -> Run:
        """A function from these inputs to these tensors, by name; tensors may be given in place of inputs.

        Raises:
            KeyError: the graph has no such input.
        """
        graph, names = self._function.graph, list(inputs)
        given_names = (self._names.get(name, name) for name in names)
        feeds = [graph.get_tensor_by_name(name if ":" in name else f"{name}:0") for name in given_names]
        pruned = self._function.prune(feeds, {tensor: graph.get_tensor_by_name(tensor) for tensor in tensors})

        def run(given: Tensors) -> Tensors:
            found = pruned(*(tf.constant(given[name]) for name in names))
            return {tensor: np.asarray(value) for tensor, value in found.items()}

        return run
