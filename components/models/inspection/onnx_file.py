"""Looks into an ONNX file."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from ...errors import InputError
from .graph import Graph, Signature, TensorInfo, dtype_name


def read_onnx(file: Path) -> Graph:
    """Looks at an ONNX file.

    Raises:
        InputError: it is none, or damaged.
    """
    try:
        # Without a format, onnx takes it from the file's ending: `model.json` would be read as an ONNX model in JSON.
        model = onnx.load(str(file), format="protobuf", load_external_data=False)
    except DecodeError:
        model = onnx.ModelProto()
    graph = model.graph
    if not graph.node:
        raise InputError(
            f"{file} is no ONNX file, or a damaged one: give a model folder, a SavedModel or an ONNX file."
        )
    return Graph(
        format="ONNX",
        path=file,
        bytes=file.stat().st_size,
        weights=sum(math.prod(each.dims) for each in graph.initializer if "float" in _dtype(each.data_type)),
        signatures=[Signature(graph.name, _tensors(graph.input), _tensors(graph.output))],
        described=_described({each.key: each.value for each in model.metadata_props}),
    )


def _tensors(values: Iterable[onnx.ValueInfoProto]) -> list[TensorInfo]:
    return [
        TensorInfo(
            each.name,
            _dtype(each.type.tensor_type.elem_type),
            [dim.dim_value if dim.HasField("dim_value") else -1 for dim in each.type.tensor_type.shape.dim]
            if each.type.tensor_type.HasField("shape")
            else None,
        )
        for each in values
    ]


def _dtype(dtype: int) -> str:
    return dtype_name(onnx.TensorProto.DataType.Name(dtype))


def _described(properties: Mapping[str, str]) -> dict[str, Any]:
    """What `onnx_convert.export.metadata.describe` wrote into a file; nothing of a file that others wrote."""
    if "dataset_digests" not in properties:
        return {}
    as_json = {name: json.loads(properties[name]) for name in ("labels", "input", "dataset_digests")}
    return {"task": properties["task"], "pretrained": properties["pretrained"], **as_json}
