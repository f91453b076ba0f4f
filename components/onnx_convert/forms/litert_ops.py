"""Looks into a LiteRT file, a flatbuffer.

https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs
"""

from dataclasses import dataclass
from typing import Any

from ai_edge_litert import schema_py_generated as schema


@dataclass(frozen=True)
class Operation:
    """One operation of the graph.

    Attributes:
        name: as the schema has it, such as `CONV_2D`.
        is_custom: whether it is none of the schema's own.
        dtypes: numpy's names of the types of what it takes and gives.
        has_fixed_shapes: of what it gives.
    """

    name: str
    is_custom: bool
    dtypes: frozenset[str]
    has_fixed_shapes: bool


def operations(content: bytes) -> list[Operation]:
    """All operations of all graphs of a model, in their order."""
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    return [_operation(model, graph.tensors, each) for graph in model.subgraphs or () for each in graph.operators or ()]


def with_outputs_in_order(content: bytes) -> bytes:
    """The same model with the graph's outputs in the order of their names in the signature.

    The converter leaves them in any order, and most runtimes take outputs by their place: of a detector they expect
    boxes, classes, scores and how many, which is the order of our names.
    """
    changed = bytearray(content)
    model: Any = schema.Model.GetRootAsModel(changed, 0)
    named = model.SignatureDefs(0)
    outputs = [named.Outputs(place) for place in range(named.OutputsLength())]
    # A view into the bytes.
    model.Subgraphs(0).OutputsAsNumpy()[:] = [
        each.TensorIndex() for each in sorted(outputs, key=lambda each: each.Name())
    ]
    return bytes(changed)


def _operation(model: Any, tensors: list[Any], operator: Any) -> Operation:
    code = model.operatorCodes[operator.opcodeIndex]
    # Old readers know codes below 127 only, by the other field.
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    is_custom = builtin == schema.BuiltinOperator.CUSTOM
    given = [tensors[place] for place in operator.outputs]
    taken = [tensors[place] for place in operator.inputs if place >= 0]
    return Operation(
        code.customCode.decode() if is_custom else _NAMES[builtin],
        is_custom,
        frozenset(_TYPES[each.type] for each in (*taken, *given)),
        all(-1 not in each.shapeSignature for each in given if each.shapeSignature is not None),
    )


def _by_value(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


_NAMES = _by_value(schema.BuiltinOperator)
_TYPES = {value: name.lower() for value, name in _by_value(schema.TensorType).items()}
