"""SavedModel folders: their variables, or the constants that variables were frozen into.

https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk. The graph is read, never run.
"""

from pathlib import Path

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from ...errors import InputError
from .bundle import Tensor, find_prefix, read_bundle
from .frozen import frozen_layers, frozen_tensors
from .layers import Layer, numbered_layers

_FILE = "saved_model.pb"


def is_saved_model(folder: Path) -> bool:
    """Whether a folder holds a SavedModel."""
    return (folder / _FILE).is_file()


def read_saved_model(folder: Path, location: str) -> tuple[list[Tensor], list[list[Layer]]]:
    """Its tensors, and its layers in their order.

    Raises:
        InputError: it is damaged.
    """
    prefix = find_prefix(folder / "variables" / "variables", location)
    tensors = read_bundle(prefix, location) if prefix else []
    if tensors:
        return tensors, numbered_layers(tensors)
    try:
        model = SavedModel.FromString((folder / _FILE).read_bytes())
    except DecodeError as error:
        raise InputError(f"the checkpoint {location} cannot be read: {_FILE} is damaged; copy it again") from error
    graphs = [graph.graph_def for graph in model.meta_graphs]
    functions = [function.node_def for graph in graphs for function in graph.library.function]
    nodes = [graph.node for graph in graphs] + functions
    return [tensor for each in nodes for tensor in frozen_tensors(each)], [frozen_layers(each) for each in nodes]
