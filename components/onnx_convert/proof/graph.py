"""An ONNX graph to be looked into: what computes what, and which inner values say most."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import numpy_helper

from ..onnx_file import OnnxFile

# Operators that move values and do not change them.
_MOVES = frozenset(("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Concat"))
# What turns scores into answers, and hides how well the scores agree.
_HEADS = frozenset(("Softmax", "LogSoftmax", "Sigmoid", "NonMaxSuppression", "TopK", "ArgMax", "ArgMin"))
# What computes with weights: the scores are on this side of the last of them.
_LAYERS = frozenset(("Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum", "LSTM", "GRU", "RNN", "Loop", "Scan", "If"))


class OnnxGraph:
    """The nodes of an ONNX file, by the tensors that they give.

    Attributes:
        nodes: in an order in which they can be computed.
        outputs: names of the graph's outputs.
        producer: the node of each tensor that a node gives.
    """

    def __init__(self, file: Path) -> None:
        """Reads the file."""
        self._model = onnx.load(str(file))
        self.nodes: Sequence[onnx.NodeProto] = self._model.graph.node
        self.inputs = [each.name for each in self._model.graph.input]
        self.outputs = [each.name for each in self._model.graph.output]
        self.producer = {tensor: node for node in self.nodes for tensor in node.output if tensor}
        self._constants = {each.name: each for each in self._model.graph.initializer}

    def scores(self, is_known: Callable[[str], bool]) -> list[str]:
        """The last values before the answers: what softmax, sigmoid and non-maximum suppression are given.

        Args:
            is_known: whether a tensor can be compared; where it cannot, what it was moved from is asked for.
        """
        found: dict[str, None] = {}
        waiting, seen = list(self.outputs), set()
        while waiting:
            node = self.producer.get(waiting.pop())
            if node is None or node.op_type in _LAYERS or id(node) in seen:
                continue
            seen.add(id(node))
            waiting += node.input
            if node.op_type in _HEADS:
                given = node.input[:2] if node.op_type == "NonMaxSuppression" else node.input[:1]
                found |= dict.fromkeys(self._origins(given, is_known))
        return [tensor for tensor in found if tensor not in self.outputs]

    def choice_of(self, output: str) -> tuple[str, int] | None:
        """Where an output says which of some scores is the largest: the scores, and the axis; otherwise None."""
        node = self.producer.get(output)
        while node is not None and node.op_type in ("Identity", "Cast"):
            node = self.producer.get(node.input[0])
        if node is None or node.op_type != "ArgMax":
            return None
        values = {each.name: each.i for each in node.attribute}
        return (node.input[0], values.get("axis", 0)) if values.get("keepdims", 1) == 0 else None

    def iou_threshold(self) -> float | None:
        """The overlap from which non-maximum suppression drops a box; None where the graph has none."""
        for node in self.nodes:
            if node.op_type == "NonMaxSuppression" and len(node.input) > 3 and node.input[3] in self._constants:
                return float(numpy_helper.to_array(self._constants[node.input[3]]).ravel()[0])
        return None

    def candidates(self, is_known: Callable[[str], bool]) -> list[str]:
        """The boxes and the scores that non-maximum suppression chooses from; empty where there are none."""
        nodes = [node for node in self.nodes if node.op_type == "NonMaxSuppression"]
        names = [list(self._origins([given], is_known)) for node in nodes for given in node.input[:2]]
        return [name for (name,) in names] if len(nodes) == 1 and all(len(each) == 1 for each in names) else []

    def depends_on(self, output: str, tensors: Sequence[str]) -> bool:
        """Whether an output is computed from one of these tensors."""
        waiting, seen = [output], set()
        while waiting:
            tensor = waiting.pop()
            if tensor in tensors:
                return True
            if tensor in self.producer and tensor not in seen:
                seen.add(tensor)
                waiting += _taken(self.producer[tensor])
        return False

    def words(self) -> list[str]:
        """Texts that stand in the graph, such as the vocabulary of a column."""
        attributes = (text for node in self.nodes for each in node.attribute for text in each.strings)
        texts = (text for each in self._constants.values() for text in each.string_data)
        return sorted({text.decode("utf-8", "replace") for text in (*attributes, *texts)})

    @contextmanager
    def giving(self, tensors: Iterable[str], jittered: bool = False) -> Iterator[OnnxFile]:
        """The graph with these tensors as its only outputs; `jittered`: as if its weights were rounded otherwise."""
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in tensors)
        if jittered:
            _jitter(model.graph)
        with TemporaryDirectory() as scratch:
            file = Path(scratch) / "inner.onnx"
            onnx.save(model, str(file))
            yield OnnxFile(file)

    def _origins(self, tensors: Iterable[str], is_known: Callable[[str], bool]) -> Iterator[str]:
        """The nearest known tensors that these were moved from, or put together of."""
        waiting = list(tensors)
        while waiting:
            tensor = waiting.pop(0)
            node = self.producer.get(tensor)
            if is_known(tensor):
                yield tensor
            elif node is not None and node.op_type in _MOVES:
                waiting += node.input if node.op_type == "Concat" else node.input[:1]


def _taken(node: onnx.NodeProto) -> Iterator[str]:
    """What a node is computed from; the graphs of loops and branches take tensors that are no inputs of theirs."""
    yield from node.input
    for attribute in node.attribute:
        for each in attribute.g.node:
            yield from _taken(each)


def _jitter(graph: onnx.GraphProto) -> None:
    """Changes all weights of layers by a unit in the last place."""
    random = np.random.default_rng(0)
    weights = {name for node in graph.node if node.op_type in _LAYERS for name in node.input}
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if constant.name in weights and values.dtype.kind == "f":
            steps = random.choice((-1, 1), values.shape) * np.finfo(values.dtype).eps
            constant.CopyFrom(numpy_helper.from_array((values * (1 + steps)).astype(values.dtype), constant.name))
