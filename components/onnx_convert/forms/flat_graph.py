"""A TensorFlow function with all its calls of other functions inlined, to see what becomes of a variable."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
# They hand a variable's values on as they are, but for its type, or axes of size 1.
_HAND_ON = ("ReadVariableOp", "Identity", "Cast", "ExpandDims", "Squeeze", "Reshape")


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes:
        name: with those of the calls that it is inside of.
        definition: TensorFlow's `NodeDef`.
        inputs: names of the tensors that it takes.
    """

    name: str
    definition: Any
    inputs: tuple[str, ...]

    @property
    def op(self) -> str:
        """The operation's type."""
        return self.definition.op

    def flag(self, name: str) -> bool:
        """An attribute that is true or false."""
        return self.definition.attr[name].b

    def number(self) -> float | None:
        """The value of a constant that is one float, in the digits that float32 has."""
        if self.op != "Const":
            return None
        value = tf.make_ndarray(self.definition.attr["value"].tensor)
        return float(f"{value.item():.7g}") if value.size == 1 and value.dtype.kind == "f" else None


@dataclass(frozen=True)
class User:
    """A node that takes a tensor, as its input number `place`."""

    node: Node
    place: int


class FlatGraph:
    """The function's operations. The bodies of loops and branches are no part of it.

    Attributes:
        variables: each with the name of the argument by which the function gets it.
    """

    def __init__(self, function: Any) -> None:
        """Reads a concrete function."""
        self._functions = {each.signature.name: each for each in function.graph.as_graph_def().library.function}
        self._alias: dict[str, str] = {}
        self._nodes: dict[str, Node] = {}
        self._add(function.function_def, "")
        self._users: dict[str, list[User]] = defaultdict(list)
        for node in self._nodes.values():
            for place, tensor in enumerate(node.inputs):
                self._users[self._source(tensor)].append(User(node, place))
        handles = {id(variable.handle): variable for variable in function.variables}
        captured = function.captured_inputs
        arguments = function.function_def.signature.input_arg[-len(captured) :] if captured else ()
        self.variables: list[tuple[tf.Variable, str]] = [
            (handles[id(value)], argument.name)
            for value, argument in zip(captured, arguments, strict=True)
            if id(value) in handles
        ]

    def users(self, source: str) -> Iterator[User]:
        """Who computes with an argument or with what a node gives, both by name; nodes that hand on are followed."""
        for user in self._users[source]:
            if user.node.op in _HAND_ON and user.place == 0:
                yield from self.users(user.node.name)
            else:
                yield user

    def maker(self, tensor: str) -> Node | None:
        """The node that computes a tensor; None for an argument."""
        node = self._nodes.get(self._source(tensor))
        return self.maker(node.inputs[0]) if node and node.op in _HAND_ON else node

    def _add(self, function: Any, inside: str) -> None:
        for definition in function.node_def:
            taken = tuple(inside + name for name in definition.input if not name.startswith("^"))
            name = inside + definition.name
            if definition.op not in _CALLS:
                self._nodes[name] = Node(name, definition, taken)
                continue
            called = self._functions[definition.attr["f"].func.name]
            self._add(called, f"{name}/")
            arguments = (f"{name}/{each.name}" for each in called.signature.input_arg)
            self._alias |= dict(zip(arguments, taken, strict=True))
            for number, output in enumerate(called.signature.output_arg):
                self._alias[f"{name}:output:{number}"] = f"{name}/{called.ret[output.name]}"

    def _source(self, tensor: str) -> str:
        """The node or argument that a tensor comes from. In a `FunctionDef` it is named `node:output:number`."""
        while tensor in self._alias:
            tensor = self._alias[tensor]
        return tensor.split(":")[0]
