"""Named arrays, and what a model takes and gives: the words that all parts of the conversion share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Tensors = dict[str, NDArray[Any]]
Run = Callable[[Tensors], Tensors]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: as callers know it.
        dtype: numpy's name of it; `string` for text, which arrays hold as Python strings (dtype object).
        shape: None where a size is free; None in place of all of it where even the rank is.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True)
class Signature:
    """How a model is called.

    Attributes:
        inputs: in the model's order.
        outputs: in the order of their names.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
