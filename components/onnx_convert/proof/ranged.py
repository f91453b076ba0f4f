"""Inputs that say in which range their floats are."""

from typing import Any

from numpy.typing import NDArray

from ..tensors import Tensors


class Ranged(dict[str, NDArray[Any]]):
    """A batch by the inputs' names.

    Attributes:
        range: of its floats, such as `0..1`; batches of one range are judged by how much these move the answers.
    """

    def __init__(self, tensors: Tensors, given: str) -> None:
        """Takes a batch as of this range."""
        super().__init__(tensors)
        self.range = given


def range_of(inputs: Tensors) -> str:
    """Of a batch; "" where all batches are of one range."""
    return inputs.range if isinstance(inputs, Ranged) else ""
