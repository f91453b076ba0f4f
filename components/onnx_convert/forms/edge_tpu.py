"""Whether an Edge TPU can take an int8 LiteRT model; its compiler is a program of its own, for Debian only."""

from dataclasses import replace
from pathlib import Path

from .detection_op import OPERATOR
from .form_proof import FormProof
from .litert_ops import Operation, operations

# https://coral.ai/docs/edgetpu/models-intro/#supported-operations, by the names of LiteRT's schema.
SUPPORTED = frozenset(
    [
        "ADD",
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "EXPAND_DIMS",
        "FULLY_CONNECTED",
        "L2_NORMALIZATION",
        "LOGISTIC",
        "LSTM",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MUL",
        "PACK",
        "PAD",
        "PRELU",
        "QUANTIZE",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
        "RSQRT",
        "SLICE",
        "SOFTMAX",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SQUARED_DIFFERENCE",
        "SQUEEZE",
        "STRIDED_SLICE",
        "SUB",
        "SUM",
        "TANH",
        "TRANSPOSE",
        "TRANSPOSE_CONV",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
    ]
)
# What comes after the network is for the processor; an operation on floats before it is found by its types.
ON_PROCESSOR = frozenset({"DEQUANTIZE", OPERATOR})
# int32 are biases and shapes.
TYPES = frozenset({"int8", "uint8", "int32"})


def judge(int8: FormProof, file: Path) -> FormProof:
    """The int8 form, if an Edge TPU can take it: there is no better one for it, so it is the same file.

    Args:
        int8: its record.
        file: of it.
    """
    faults = faults_of(operations(file.read_bytes()))
    if faults:
        reason = f"{int8.reason} Not for an Edge TPU: {', '.join(faults)}."
        return replace(int8, form="edge_tpu", accepted=False, reason=reason)
    reason = f"{int8.reason} All operations are on the Edge TPU's list."
    ready = f"It is ready for the compiler, whose output goes on the device: edgetpu_compiler {file.name}"
    return replace(int8, form="edge_tpu", reason=reason, usage=f"{int8.usage} {ready}")


def faults_of(found: list[Operation]) -> list[str]:
    """What an Edge TPU cannot compute, up to non-maximum suppression, which is for the processor beside it.

    Sizes that are too large for it only its compiler knows: it leaves such operations to the processor.
    """
    on_device = [each for each in found if each.name not in ON_PROCESSOR]
    return sorted({fault for each in on_device if (fault := _fault(each))})


def _fault(operation: Operation) -> str:
    if operation.name not in SUPPORTED:
        return operation.name
    if not operation.dtypes <= TYPES:
        return f"{operation.name} of {', '.join(sorted(operation.dtypes - TYPES))}"
    return "" if operation.has_fixed_shapes else f"{operation.name} of free size"
