"""Where an ONNX graph first departs from the TensorFlow graph that it was made of.

tf2onnx keeps TensorFlow's names for most tensors. A value that departs is the first one where all values that it is
computed from agree, as far as both graphs name them, and where it leads to a departing output over departing values
only: a value that merely carries the name of another (a convolution into which a normalisation was folded) is followed
by one that agrees.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..tensors import Tensors
from .agreement import TOLERANCE, excess, off
from .graph import OnnxGraph
from .inside import Inside

# A departure may be small where it begins, and grow. Noise is smaller: root mean squares of up to 7e-6 of the spread,
# and at sharp edges in the first layers 8e-4.
_TOLERANCE, _PEAK = TOLERANCE / 4, 50
# So many inner values are held at a time, which bounds memory.
_VALUES_AT_ONCE = 64
_MOST_NODES = 50


@dataclass(frozen=True)
class Departure:
    """The first node whose output departs, while all that it is computed from agrees.

    Attributes:
        node: its name in the ONNX graph.
        op: ONNX's operator.
        tensor: the output that departs.
        tensorflow_op: of the TensorFlow node of that name; "" where there is none.
        max_abs_difference: of the output.
        spread: standard deviation of the elements of the output in TensorFlow.
        within: names of the nodes between the values that still agree and this one, the nearest first: they have no
            name in TensorFlow, and one of them may be to blame.
    """

    node: str
    op: str
    tensor: str
    tensorflow_op: str
    max_abs_difference: float
    spread: float
    within: list[str]

    def __str__(self) -> str:
        of_tensorflow = f", TensorFlow's {self.tensorflow_op}" if self.tensorflow_op else ""
        between = f"; it or one of {', '.join(self.within[:3])} is to blame" if self.within else ""
        return (
            f"the first node that departs is {self.node} ({self.op}{of_tensorflow}): by {self.max_abs_difference:.2g}, "
            f"where values spread by {self.spread:.2g}{between}"
        )


@dataclass(frozen=True)
class _Difference:
    departs: bool
    largest: float
    spread: float


_OTHER_SHAPE = _Difference(True, float("inf"), 0.0)


def first_departure(
    graph: OnnxGraph, inside: Inside | None, inputs: Tensors, expected: Tensors, departing: Iterable[str]
) -> Departure | None:
    """Names the first node that departs.

    Args:
        graph: of the ONNX file.
        inside: of the graph and what it was made of; without it only outputs can be compared.
        inputs: that show the departure.
        expected: the source's outputs for them.
        departing: names of the outputs to explain, or of inner values.

    Returns:
        None where these inputs show no departure of these outputs.
    """
    differences = _differences(graph, inside, inputs, expected)
    explained = _explained(departing, differences)
    differences |= {name: replace(differences[name], departs=True) for name in explained}
    reached = _reached(graph, explained, differences)
    for node in graph.nodes:
        for tensor in node.output:
            if tensor in reached and tensor in differences:
                known, between = _ancestors(graph, tensor, differences)
                if not any(differences[each].departs for each in known):
                    return _described(graph, inside, tensor, differences[tensor], between)
    return None


def _explained(departing: Iterable[str], differences: dict[str, _Difference]) -> list[str]:
    """What departs by its own spread here; otherwise all that is different, as small as it may be beside others."""
    known = [name for name in departing if name in differences]
    return [name for name in known if differences[name].departs] or [n for n in known if differences[n].largest > 0]


def _differences(graph: OnnxGraph, inside: Inside | None, inputs: Tensors, expected: Tensors) -> dict[str, _Difference]:
    """All values that both graphs name, in comparison."""
    found: dict[str, _Difference] = {}
    with graph.giving(graph.outputs) as outputs:
        _note(found, expected, outputs(inputs))
    if inside is not None:
        has = inside.frozen.has
        named = [tensor for node in graph.nodes for tensor in node.output if tensor not in found and has(tensor)]
        for start in range(0, len(named), _VALUES_AT_ONCE):
            for values in _computed(inside, inputs, named[start : start + _VALUES_AT_ONCE]):
                _note(found, *values)
    return found


def _computed(inside: Inside, inputs: Tensors, tensors: Sequence[str]) -> Iterator[tuple[Tensors, Tensors]]:
    """The tensors in both graphs; where TensorFlow cannot compute them all, what it can of each half."""
    try:
        with inside.both(tensors) as both:
            values = both(inputs)
    except Exception:  # an operator that this machine lacks, or wants a feed: TensorFlow's own errors
        if len(tensors) > 1:
            middle = len(tensors) // 2
            yield from _computed(inside, inputs, tensors[:middle])
            yield from _computed(inside, inputs, tensors[middle:])
        return
    yield values


def _note(differences: dict[str, _Difference], expected: Tensors, found: Tensors) -> None:
    for name in expected.keys() & found.keys():
        is_same_kind = expected[name].shape == found[name].shape
        differences[name] = _difference(expected[name], found[name]) if is_same_kind else _OTHER_SHAPE


def _difference(expected: NDArray, found: NDArray) -> _Difference:
    values = expected[np.isfinite(expected)] if expected.dtype.kind == "f" else np.empty(0)
    spread = float(values.astype(np.float64).std()) if values.size else 0.0
    beyond = excess(expected, found)
    return _Difference(off(beyond, _PEAK) > _TOLERANCE * spread, float(beyond.max(initial=0)), spread)


def _reached(graph: OnnxGraph, outputs: Iterable[str], differences: dict[str, _Difference]) -> set[str]:
    """What leads to these outputs over values that depart, or of which nobody knows."""
    waiting, reached = list(outputs), set()
    while waiting:
        tensor = waiting.pop()
        if tensor in reached or (tensor in differences and not differences[tensor].departs):
            continue
        reached.add(tensor)
        if tensor in graph.producer:
            waiting += graph.producer[tensor].input
    return reached


def _ancestors(graph: OnnxGraph, tensor: str, differences: dict[str, _Difference]) -> tuple[list[str], list[str]]:
    """The nearest known values that a tensor is computed from, and the nodes between, the nearest first."""
    known, between, seen = [], [], set()
    waiting = list(graph.producer[tensor].input)
    for name in waiting:
        if name in seen:
            continue
        seen.add(name)
        if name in differences:
            known.append(name)
        elif name in graph.producer:
            between.append(graph.producer[name].name)
            waiting += graph.producer[name].input
    return known, list(dict.fromkeys(between))


def _described(
    graph: OnnxGraph, inside: Inside | None, tensor: str, difference: _Difference, between: list[str]
) -> Departure:
    node = graph.producer[tensor]
    operators = inside.frozen.operators if inside else {}
    return Departure(
        node=node.name,
        op=node.op_type,
        tensor=tensor,
        tensorflow_op=operators.get(tensor.rpartition(":")[0], operators.get(node.name, "")),
        max_abs_difference=difference.largest,
        spread=difference.spread,
        within=between[:_MOST_NODES],
    )
