"""TensorFlow checkpoints (`PREFIX.index`, `PREFIX.data-*`): of TF1, of TF2, and those inside SavedModels.

https://www.tensorflow.org/guide/checkpoint.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from ...errors import InputError
from .weights import first_names

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


@dataclass(frozen=True)
class Tensor:
    """A variable's value.

    Attributes:
        key: its name in the checkpoint.
        name: the variable's own name where the checkpoint has it, such as `Conv1/kernel`; otherwise as `key`.
        value: float32.
    """

    key: str
    name: str
    value: NDArray[np.float32]


def find_prefix(path: Path, location: str) -> Path | None:
    """The prefix of a checkpoint: a path itself, or the only one in a folder or in its folder `checkpoint`.

    Raises:
        InputError: the folder has several.
    """
    if _index(path).is_file():
        return path
    if path.suffix == ".index" or path.suffix.startswith(".data-"):
        return path.with_suffix("")
    for folder in (path, path / "checkpoint"):
        found = sorted(file.with_suffix("") for file in folder.glob("*.index"))
        if len(found) > 1:
            names = first_names([str(each.relative_to(path)) for each in found])
            raise InputError(f"the folder {location} has several checkpoints ({names}): give the path of one of them")
        if found:
            return found[0]
    return None


def read_bundle(prefix: Path, location: str) -> list[Tensor]:
    """Every float variable of a checkpoint but optimisers' slots.

    Raises:
        InputError: it is damaged.
    """
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        names = _variable_names(reader)
        types = reader.get_variable_to_dtype_map()
        return [
            Tensor(str(key), names.get(key, str(key)), reader.get_tensor(key).astype(np.float32))
            for key, kind in sorted(types.items())
            if kind.is_floating and ".OPTIMIZER_SLOT" not in key
        ]
    except (tf.errors.OpError, IndexError, RuntimeError, ValueError, OSError) as error:
        raise InputError(f"the checkpoint {location} cannot be read: it is damaged ({error}); copy it again") from error


def _variable_names(reader) -> dict[str, str]:
    """Key to variable's name; empty for a checkpoint of TF1, whose keys are the names."""
    if not reader.has_tensor(_OBJECT_GRAPH):
        return {}
    graph = TrackableObjectGraph.FromString(reader.get_tensor(_OBJECT_GRAPH))
    attributes = [attribute for node in graph.nodes for attribute in node.attributes]
    return {each.checkpoint_key: each.full_name.removesuffix(":0") or each.checkpoint_key for each in attributes}


def _index(prefix: Path) -> Path:
    return prefix.with_name(f"{prefix.name}.index")
