"""What there is to say of a model in one format."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

_SHORT = {"float": "float32", "double": "float64", "half": "float16"}


@dataclass(frozen=True)
class TensorInfo:
    """A tensor of a signature.

    Attributes:
        name: in the signature.
        dtype: as numpy names it, or `string`.
        shape: -1 where it is free; None where even the rank is.
    """

    name: str
    dtype: str
    shape: list[int] | None


@dataclass(frozen=True)
class Signature:
    """A way to call a model."""

    name: str
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]


@dataclass(frozen=True)
class Graph:
    """A model in one format.

    Attributes:
        format: of the file or folder.
        path: of it.
        bytes: of it, all files together.
        weights: how many numbers it has learned; 0 where they are not tensors, as in trees.
        signatures: how it is called; an ONNX file has one.
        described: what is written in it beside the graph, by the names of `ModelFolder` and of `serving.preprocessing`.
    """

    format: Literal["SavedModel", "ONNX"]
    path: Path
    bytes: int
    weights: int
    signatures: list[Signature]
    described: dict[str, Any] = field(default_factory=dict)


def dtype_name(protobuf_name: str) -> str:
    """The name of a type as numpy has it, or `string`, from that of an enumeration of TensorFlow or ONNX.

    >>> dtype_name("DT_FLOAT"), dtype_name("UINT8"), dtype_name("DT_STRING")
    ('float32', 'uint8', 'string')
    """
    name = protobuf_name.removeprefix("DT_").lower()
    return _SHORT.get(name, name)
