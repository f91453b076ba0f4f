"""Looks into a SavedModel."""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

# The messages of TensorFlow without TensorFlow, which takes seconds to import.
from tensorboard.compat.proto import meta_graph_pb2, types_pb2

from ...errors import InputError
from .graph import Graph, Signature, TensorInfo, dtype_name

SAVED_MODEL_FILE = "saved_model.pb"
DESCRIPTION_ASSET = "assets/preprocessing.json"  # see `serving`


def read_saved_model(folder: Path) -> Graph:
    """Looks at a SavedModel.

    Raises:
        InputError: it is damaged.
    """
    try:
        graph = _saved_model_message().FromString((folder / SAVED_MODEL_FILE).read_bytes()).meta_graphs[0]
        asset = folder / DESCRIPTION_ASSET
        described = json.loads(asset.read_text(encoding="utf-8")) if asset.is_file() else {}
    except (DecodeError, IndexError, ValueError) as error:
        raise InputError(f"{folder} is a damaged SavedModel ({error}): export the model again.") from error
    variables = [node.variable for node in graph.object_graph_def.nodes if node.HasField("variable")]
    return Graph(
        format="SavedModel",
        path=folder,
        bytes=sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()),
        weights=sum(
            math.prod(dim.size for dim in each.shape.dim) for each in variables if "float" in _dtype(each.dtype)
        ),
        signatures=[
            Signature(name, _tensors(each.inputs), _tensors(each.outputs))
            for name, each in sorted(graph.signature_def.items())
            if not name.startswith("__")  # how to load it
        ],
        described=described,
    )


@cache
def _saved_model_message() -> Any:
    """The class of the message that is in a `saved_model.pb`, which tensorboard leaves out.

    https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
    """
    meta_graphs = descriptor_pb2.FieldDescriptorProto(
        name="meta_graphs",
        number=2,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED,
        type_name="." + meta_graph_pb2.DESCRIPTOR.message_types_by_name["MetaGraphDef"].full_name,
    )
    file = descriptor_pb2.FileDescriptorProto(
        name="graduate/saved_model.proto",
        dependency=[meta_graph_pb2.DESCRIPTOR.name],
        message_type=[descriptor_pb2.DescriptorProto(name="SavedModel", field=[meta_graphs])],
    )
    described = descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(described.message_types_by_name["SavedModel"])


def _tensors(tensors: Mapping[str, Any]) -> list[TensorInfo]:
    return [
        TensorInfo(
            name,
            _dtype(each.dtype),
            None if each.tensor_shape.unknown_rank else [dim.size for dim in each.tensor_shape.dim],
        )
        for name, each in sorted(tensors.items())
    ]


def _dtype(dtype: int) -> str:
    return dtype_name(types_pb2.DESCRIPTOR.enum_types_by_name["DataType"].values_by_number[dtype].name)
