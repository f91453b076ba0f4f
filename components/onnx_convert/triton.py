"""The proven file as a Triton Inference Server model repository.

    triton/model/config.pbtxt
    triton/model/labels.txt       of a classifier
    triton/model/1/model.onnx

https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md. The text is written
by hand: Triton's own types for it come with its gRPC client.
"""

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ..data.storage import write_atomically
from .onnx_file import OnnxFile
from .tensors import Signature, TensorSpec

# Requests of the same shape that come together are answered together, up to so many; more would be held back on a CPU.
MAX_BATCH_SIZE = 8

_TYPES = {
    "float16": "TYPE_FP16",
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
    "string": "TYPE_STRING",
    "bool": "TYPE_BOOL",
    **{f"{sign}int{bits}": f"TYPE_{sign.upper()}INT{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def write_repository(file: Path, repository: Path, labels: Sequence[str] = ()) -> None:
    """Writes a model repository with one model, `model`; an older one of the same place is replaced.

    Args:
        file: of the ONNX graph; the repository's copy is a hard link to it where the file system has such.
        repository: folder to write.
        labels: in the order of the output `probabilities`, for Triton's classification extension.
    """
    shutil.rmtree(repository, ignore_errors=True)
    model = repository / "model"
    (model / "1").mkdir(parents=True)
    _link(file, model / "1" / "model.onnx")
    if labels:
        # Triton takes a label per line.
        lines = "".join(" ".join(label.split()) + "\n" for label in labels)
        (model / "labels.txt").write_text(lines, encoding="utf-8")
    with write_atomically(model / "config.pbtxt") as aside:
        aside.write_text(configuration(OnnxFile(file).signature, has_labels=bool(labels)), encoding="utf-8")


def configuration(signature: Signature, has_labels: bool = False) -> str:
    """The text of `config.pbtxt` (protobuf text format of `inference.ModelConfig`).

    Args:
        signature: of the ONNX graph.
        has_labels: whether `labels.txt` names what `probabilities` counts.
    """
    tensors = (*signature.inputs, *signature.outputs)
    is_batched = all(each.shape and each.shape[0] is None for each in tensors)
    lines = ['backend: "onnxruntime"', f"max_batch_size: {MAX_BATCH_SIZE if is_batched else 0}"]
    lines += [_tensor("input", each, is_batched, labels=False) for each in signature.inputs]
    lines += [
        _tensor("output", each, is_batched, labels=has_labels and each.name == "probabilities")
        for each in signature.outputs
    ]
    return "\n".join([*lines, *(["dynamic_batching { }"] if is_batched else [])]) + "\n"


def _tensor(kind: str, spec: TensorSpec, is_batched: bool, labels: bool) -> str:
    sizes = [-1 if size is None else size for size in spec.shape or ()][1 if is_batched else 0 :]
    # Triton has no tensors without a size: such an item is written as one of a single value.
    shape = f"dims: [ {', '.join(map(str, sizes))} ]" if sizes else "dims: [ 1 ] reshape { shape: [ ] }"
    file = ' label_filename: "labels.txt"' if labels else ""
    name = json.dumps(spec.name, ensure_ascii=False)  # a JSON string is a string of the text format too
    return f"{kind} {{ name: {name} data_type: {_TYPES[spec.dtype]} {shape}{file} }}"


def _link(file: Path, other: Path) -> None:
    try:
        os.link(file, other)
    except OSError:
        shutil.copyfile(file, other)
