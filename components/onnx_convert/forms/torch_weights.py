"""The weights for PyTorch: safetensors, with PyTorch's names and layouts, and a map to TensorFlow's.

https://github.com/huggingface/safetensors#format. https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors

from .files import MAP_FILE, WEIGHTS_FILE
from .flat_graph import FlatGraph
from .form_proof import FormProof
from .job import Job
from .refused import RefusedError
from .torch_layout import Role, role_of
from .torch_names import torch_names

FORMAT = 1


@dataclass(frozen=True)
class Mapped:
    """One line of the name map.

    Attributes:
        pytorch: the tensor's name in the safetensors file.
        tensorflow: the variable's name in the SavedModel.
        operation: that takes it in TensorFlow, see `torch_layout.Role`.
        has_counterpart: whether PyTorch has a parameter like it; otherwise it is written as it is.
        permutation: of the axes, from TensorFlow's to PyTorch's; where sizes still differ, the first two are one.
        tensorflow_shape, pytorch_shape: sizes.
        epsilon: of the layer's normalisation, where it is found; PyTorch's default is another one.
    """

    pytorch: str
    tensorflow: str
    operation: str
    has_counterpart: bool
    permutation: tuple[int, ...] | None
    tensorflow_shape: tuple[int, ...]
    pytorch_shape: tuple[int, ...]
    epsilon: float | None


def make_safetensors(job: Job) -> FormProof:
    """All variables that the signature reads, proven to be read back bit for bit.

    Raises:
        RefusedError: it has none, or of a type that safetensors has not.
    """
    graph = FlatGraph(job.model.loaded.signatures[job.model.key])
    values = [variable.numpy() for variable, _ in graph.variables]
    if not values:
        raise RefusedError("the signature reads no variables: its weights are constants")
    names = [variable.name.split(":")[0] for variable, _ in graph.variables]
    roles = [role_of(graph, taken, value.ndim) for (_, taken), value in zip(graph.variables, values, strict=True)]
    mapped = [_mapped(*each) for each in zip(torch_names(names, roles), names, roles, values, strict=True)]
    tensors = {line.pytorch: to_torch(value, line) for line, value in zip(mapped, values, strict=True)}
    _write(job, tensors, mapped)
    back = safetensors.load_file(job.output / WEIGHTS_FILE)
    changed = [
        line.tensorflow
        for line, value in zip(mapped, values, strict=True)
        if to_tensorflow(back[line.pytorch], line).tobytes() != value.tobytes()
    ]
    as_is = sum(not line.has_counterpart for line in mapped)
    kept = f"All {len(mapped)} variables are read back bit for bit; {as_is} have no counterpart and stay as they are."
    return FormProof(
        form="safetensors",
        accepted=not changed,
        reason=f"not proven: {', '.join(changed[:3])} came back changed." if changed else kept,
        files=(WEIGHTS_FILE, MAP_FILE),
        bytes=sum((job.output / name).stat().st_size for name in (WEIGHTS_FILE, MAP_FILE)),
        items=len(mapped),
        usage="PyTorch's names and layouts: module.load_state_dict(safetensors.torch.load_file(...), strict=False).",
    )


def to_torch(value: NDArray[Any], line: Mapped) -> NDArray[Any]:
    """A variable in PyTorch's layout."""
    turned = value if line.permutation is None else value.transpose(line.permutation)
    return np.ascontiguousarray(turned.reshape(line.pytorch_shape))


def to_tensorflow(value: NDArray[Any], line: Mapped) -> NDArray[Any]:
    """The inverse of `to_torch`."""
    if line.permutation is None:
        return value
    turned = value.reshape([line.tensorflow_shape[axis] for axis in line.permutation])
    return np.ascontiguousarray(turned.transpose(np.argsort(line.permutation)))


def _mapped(name: str, variable: str, role: Role, value: NDArray[Any]) -> Mapped:
    shape = [value.shape[axis] for axis in role.permutation or range(value.ndim)]
    if role.merges:
        shape = [shape[0] * shape[1], 1, *shape[2:]]
    return Mapped(
        pytorch=name,
        tensorflow=variable,
        operation=role.operation,
        has_counterpart=bool(role.parameter),
        permutation=role.permutation,
        tensorflow_shape=value.shape,
        pytorch_shape=tuple(shape),
        epsilon=role.epsilon,
    )


def _write(job: Job, tensors: Mapping[str, NDArray[Any]], mapped: list[Mapped]) -> None:
    labels = job.folder.labels if job.folder else []
    metadata = {"format": "pt", "labels": json.dumps(labels, ensure_ascii=False), "name_map": MAP_FILE}
    try:
        safetensors.save_file(dict(tensors), job.output / WEIGHTS_FILE, metadata)
    except KeyError as error:
        raise RefusedError(f"safetensors has no type {error}") from error
    described = {"format": FORMAT, "tensors": [asdict(line) for line in mapped]}
    (job.output / MAP_FILE).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
