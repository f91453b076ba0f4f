"""Inner values that an ONNX graph and the frozen TensorFlow graph both name, computed by both."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ..tensors import Tensors
from .frozen import FrozenGraph
from .graph import OnnxGraph

# From inputs to what TensorFlow has, and to what ONNX has, by the names that both know.
Both = Callable[[Tensors], tuple[Tensors, Tensors]]


class Inside:
    """The two graphs, side by side.

    What TensorFlow looks up in a table (of a vocabulary, say) is taken from ONNX: a frozen graph has no tables.
    """

    def __init__(self, graph: OnnxGraph, frozen: FrozenGraph) -> None:
        """Pairs a graph with what it was made of."""
        self._graph, self.frozen = graph, frozen
        self._looked_up = [tensor for tensor in graph.producer if frozen.is_looked_up(tensor)]

    @contextmanager
    def both(self, tensors: Sequence[str]) -> Iterator[Both]:
        """A function that computes these tensors in both graphs; ONNX's in TensorFlow's order of axes.

        What has another shape in ONNX is left out: its name stands for something else there.
        """
        in_tensorflow = self.frozen.giving([*self._graph.inputs, *self._looked_up], tensors)
        with self._graph.giving(dict.fromkeys([*tensors, *self._looked_up])) as in_onnx:

            def run(inputs: Tensors) -> tuple[Tensors, Tensors]:
                found = in_onnx(inputs)
                expected = in_tensorflow(inputs | {name: found[name] for name in self._looked_up})
                moved = {name: aligned(expected[name], found[name]) for name in tensors}
                return expected, {name: value for name, value in moved.items() if value is not None}

            yield run


def aligned(expected: NDArray, found: NDArray) -> NDArray | None:
    """What ONNX found, in TensorFlow's order of axes; None where the shapes do not fit.

    Images and maps are [N, C, ...] in ONNX and [N, ..., C] in TensorFlow, but not everywhere. Where both orders fit,
    the one that agrees better is meant.
    """
    orders = [found, np.moveaxis(found, 1, -1)] if found.ndim > 2 else [found]
    fitting = [each for each in orders if each.shape == expected.shape]
    return min(fitting, key=lambda each: _distance(expected, each), default=None)


def _distance(expected: NDArray, found: NDArray) -> float:
    with np.errstate(invalid="ignore"):
        return float(np.nan_to_num(np.abs(expected - found)).sum())
