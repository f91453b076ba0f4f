"""Batch after batch, what a source and an ONNX file answer, side by side."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..onnx_file import OnnxFile
from ..tensors import Run, Tensors
from .agreement import Agreement, equal_choices
from .detections import DetectionProof, compare_detections, is_detector
from .found import NEEDED
from .graph import OnnxGraph
from .inside import Both, Inside
from .ranged import range_of
from .suppression import candidates_of

# Departing inputs that are looked into, the smallest first.
_MOST_TRIES = 4


class Comparison:
    """What was found so far; to be used as a context manager.

    Attributes:
        source: that the file was made of.
        target: the file.
        graph: of the file.
        outputs: agreement of each output, by name.
        inner: agreement of inner values, by name.
        batches: that both have answered.
        ranges: of the floats of each of them.
        refused: how many batches the source refuses.
        missing: how many items were left out, since they have missing numbers (NaN) and the graph never asks for them.
        failure: what the file could not answer, one sentence; "" so far.
        without_inner: why no inner values are compared, one sentence; "" where they are.
    """

    def __init__(self, source: Run, target: OnnxFile, graph: OnnxGraph, inside: Inside | None) -> None:
        """Prepares to compare."""
        self.source, self.target, self.graph = source, target, graph
        self.outputs: dict[str, Agreement] = {}
        self.inner: dict[str, Agreement] = {}
        self.batches: list[Tensors] = []
        self.ranges: list[str] = []
        self.refused, self.missing, self.failure, self.without_inner = 0, 0, "", ""
        self._pictures: list[list[DetectionProof]] = []
        self._inside, self._stack = inside, ExitStack()
        self._both: Both | None = None
        # What does not ask for NaN was not made for missing values: runtimes answer them as it comes.
        operators = inside.frozen.operators.values() if inside else [node.op_type for node in graph.nodes]
        self._takes_missing = "isnan" in map(str.lower, operators)

    def __enter__(self) -> Self:
        scores = self.graph.scores(self._inside.frozen.has) if self._inside else []
        if self._inside and scores:
            try:
                self._both = self._stack.enter_context(self._inside.both(scores))
                self.inner = {name: Agreement(name, inner=True) for name in scores}
            except KeyError as error:
                self.without_inner = f"the frozen graph has other inputs ({error})"
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def add(self, inputs: Tensors) -> None:
        """Compares the answers to one batch."""
        given = range_of(inputs)
        if not self._takes_missing:
            inputs = self._without_missing(inputs)
        if not inputs:
            return
        try:
            expected = self.source(inputs)
        except Exception:  # of any runtime: a made-up input may be one that the model has no answer for
            self.refused += 1
            return
        try:
            found = self.target(inputs)
        except Exception as error:  # onnxruntime's errors have no public base class
            shapes = ", ".join(f"{name} {list(value.shape)}" for name, value in inputs.items())
            self.failure = f"the file cannot answer {shapes}, which its source answers: {error}"
            return
        self.failure = difference_of_kind(expected, found)
        if self.failure:
            return
        self.batches.append(inputs)
        self.ranges.append(given)
        self._compare(expected, found, self._compare_inner(inputs, given), given)

    def single(self, inputs: Tensors, item: int) -> Tensors:
        """One item of a batch, as a batch; all of it where the model takes no other number of items."""
        if not self.takes_any_number:
            return inputs
        return {name: value[item : item + 1] for name, value in inputs.items()}

    @property
    def takes_any_number(self) -> bool:
        """Whether a batch may be of any number of items."""
        return all(spec.shape and spec.shape[0] is None for spec in self.target.signature.inputs)

    @property
    def items(self) -> int:
        """In all batches."""
        return sum(map(count, self.batches))

    @property
    def compared(self) -> list[Agreement]:
        """Of all values that are compared one by one."""
        matched = self.matched
        return [each for name, each in self.outputs.items() if name not in matched] + list(self.inner.values())

    @property
    def matched(self) -> list[str]:
        """Outputs whose order is that of the detections: these are matched."""
        more = (name for name in self.outputs if name.startswith("detection_") and name not in NEEDED)
        return [*NEEDED, *more] if self._pictures else []

    @property
    def detections(self) -> DetectionProof | None:
        """Of all pictures; None where the model is no detector."""
        return sum((each for batch in self._pictures for each in batch), DetectionProof()) if self._pictures else None

    def departing(self) -> Iterator[tuple[Tensors, list[str]]]:
        """Inputs that show a departure, the smallest first, each with the names of what departs."""
        tries = []
        departing = {each.name: each.departing() for each in self.compared}
        for place, inputs in enumerate(self.batches):
            for item in range(count(inputs)):
                names = [name for name, batches in departing.items() if batches[place][item]]
                if self._pictures and self._pictures[place][item].unmatched:
                    names += self.matched
                if names:
                    tries.append((self.single(inputs, item), names))
        tries.sort(key=lambda each: sum(value.size for value in each[0].values()))
        yield from tries[:_MOST_TRIES]

    def _without_missing(self, inputs: Tensors) -> Tensors:
        """The items of a batch whose numbers are all there; nothing where there are none."""
        gone = np.zeros(count(inputs), bool)
        for value in inputs.values():
            if value.dtype.kind == "f" and np.isnan(value).any():
                gone |= np.isnan(value).reshape(len(gone), -1).any(axis=1) if self.takes_any_number else True
        self.missing += int(gone.sum())
        if not gone.any():
            return inputs
        return {} if gone.all() else {name: value[~gone] for name, value in inputs.items()}

    def _compare(self, expected: Tensors, found: Tensors, inner: Tensors, given: str) -> None:
        items = count(self.batches[-1])
        for name, value in expected.items():
            excused = self._ties(name, value, found[name], inner)
            self.outputs.setdefault(name, Agreement(name)).add(value, found[name], items, excused, given)
        if is_detector(expected):
            candidates = candidates_of([inner[name] for name in self.graph.candidates(inner.__contains__)])
            self._pictures.append(compare_detections(expected, found, self.graph.iou_threshold(), candidates))

    def _compare_inner(self, inputs: Tensors, given: str) -> Tensors:
        """The source's inner values."""
        if self._both is None:
            return {}
        try:
            expected, found = self._both(inputs)
        except Exception as error:  # an operator that this machine lacks, or wants a feed: TensorFlow's own errors
            self.without_inner = f"TensorFlow cannot run the frozen graph ({str(error).splitlines()[0]})"
            self.inner, self._both = {}, None
            return {}
        self.inner = {name: each for name, each in self.inner.items() if name in found}
        for name, agreement in self.inner.items():
            agreement.add(expected[name], found[name], count(inputs), given=given)
        return expected

    def _ties(
        self, output: str, expected: NDArray[Any], found: NDArray[Any], inner: Tensors
    ) -> NDArray[np.bool_] | None:
        """Where an output may name either of two places, since their scores are equal but for the last digits."""
        choice = self.graph.choice_of(output)
        if choice is None or choice[0] not in inner or expected.shape != found.shape:
            return None
        scores = inner[choice[0]]
        # Where ONNX has the channels first, its axis of classes is TensorFlow's last one.
        fitting = [axis for axis in (choice[1], -1) if np.take(scores, 0, axis).shape == expected.shape]
        return equal_choices(scores, fitting[0], expected, found) if fitting else None


def count(inputs: Tensors) -> int:
    """How many items a batch has: the size of the first axis, which all inputs share; otherwise it is one item."""
    sizes = {len(value) if value.ndim else 1 for value in inputs.values()}
    return sizes.pop() if len(sizes) == 1 else 1


def difference_of_kind(expected: Tensors, found: Tensors) -> str:
    """A sentence on outputs that are absent, or of another type or shape; "" where there is none."""
    if expected.keys() != found.keys():
        return f"the file gives {', '.join(sorted(found))}, and its source {', '.join(sorted(expected))}"
    for name, value in expected.items():
        if value.dtype != found[name].dtype or value.shape != found[name].shape:
            kinds = (f"{each.dtype} {list(each.shape)}" for each in (found[name], value))
            return "the file's output {} is {}, and that of its source {}".format(name, *kinds)
    return ""
