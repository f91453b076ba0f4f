"""The signature as a contract: an ONNX file takes and gives what its SavedModel does."""

from collections.abc import Iterable
from pathlib import Path

import onnx

from ...errors import FinalError
from ..onnx_file import OnnxFile
from ..tensors import Signature, TensorSpec
from .refusals import WRITE_OTHERWISE, ConversionError


def check_expressible(signature: Signature) -> None:
    """Refuses a signature that no ONNX graph can have, before the work.

    Raises:
        ConversionError: an input's rank is free, or a name is both an input's and an output's.
    """
    outputs = {each.name for each in signature.outputs}
    for each in signature.inputs:
        if each.shape is None:
            raise ConversionError(
                f"input {each.name} may have any rank, which ONNX cannot say: export a signature that fixes its rank"
            )
        if each.name in outputs:
            raise ConversionError(
                f"{each.name} is the name of an input and of an output, which ONNX cannot hold apart: export a "
                "signature that names the output otherwise"
            )


def restore_shapes(file: Path, signature: Signature) -> None:
    """Declares the inputs and outputs of a file with the sizes of the signature, in place.

    tf2onnx declares what it found out itself: less than the signature behind a loop, and elsewhere more. Sizes that
    contradict the graph do not pass `check`.
    """
    model = onnx.load(str(file))
    graph = model.graph
    specs = {each.name: each for each in (*signature.inputs, *signature.outputs)}
    for value in (*graph.input, *graph.output):
        spec = specs.get(value.name)
        if spec and spec.shape is not None:
            dtype = value.type.tensor_type.elem_type
            value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, dtype, _dimensions(value, spec.shape)))
    onnx.save(model, str(file))


def check(file: Path, signature: Signature) -> None:
    """Checks a file by itself and against the signature.

    Raises:
        ConversionError: it is not a valid ONNX graph, onnxruntime refuses it, or it is called in another way.
    """
    try:
        onnx.checker.check_model(str(file), full_check=True)
        found = OnnxFile(file).signature
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, FinalError) as error:
        said = " ".join(str(error).split())
        raise ConversionError(f"tf2onnx made an invalid graph, {WRITE_OTHERWISE}: {said}") from error
    _compare("input", signature.inputs, found.inputs)
    _compare("output", signature.outputs, found.outputs)


def _dimensions(value: onnx.ValueInfoProto, shape: Iterable[int | None]) -> list[int | str]:
    """Free sizes need names of their own, since sizes of one name are equal."""
    return [f"{value.name}_{axis}" if size is None else size for axis, size in enumerate(shape)]


def _compare(role: str, wanted: Iterable[TensorSpec], found: Iterable[TensorSpec]) -> None:
    there = {each.name: each for each in found}
    named = {each.name: each for each in wanted}
    if lost := sorted(named.keys() - there.keys()):
        raise ConversionError(f"the ONNX graph lost the {role} {', '.join(lost)}: it has {', '.join(there)}")
    if added := sorted(there.keys() - named.keys()):
        raise ConversionError(f"the ONNX graph has an {role} that the SavedModel has not: {', '.join(added)}")
    for name, each in named.items():
        got = there[name]
        if each.shape is not None and (got.dtype, got.shape) != (each.dtype, each.shape):
            kept, changed = f"{each.dtype} {each.shape}", f"{got.dtype} {got.shape}"
            raise ConversionError(f"the {role} {name} is {kept} in the SavedModel, and {changed} in the ONNX graph")
