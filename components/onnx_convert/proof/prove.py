"""Whether an ONNX file computes what its source computes, tensor by tensor."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import onnx

from ...errors import FinalError
from ..onnx_file import OnnxFile
from ..tensors import Run, Tensors
from .agreement import OutputProof
from .comparison import Comparison
from .departure import Departure, first_departure
from .detections import DetectionProof
from .frozen import FrozenGraph
from .graph import OnnxGraph
from .inside import Inside
from .one_by_one import depends_on_batch
from .rounding import excuse_rounding
from .verdict import verdict


@dataclass(frozen=True)
class TensorProof:
    """The proof, or its failure.

    Attributes:
        proven: whether all outputs agree, and the inputs moved them.
        reason: why not, one sentence; "" where proven.
        weaknesses: sentences on what the proof does not show.
        batches: how many were answered by both.
        items: in all batches.
        outputs: what was compared value by value: the outputs and inner values; those of detections, which are matched
            instead, are not among them.
        detections: None for a model that is no detector.
        departure: the first node whose output departs, where one does.
    """

    proven: bool
    reason: str
    weaknesses: list[str] = field(default_factory=list)
    batches: int = 0
    items: int = 0
    outputs: list[OutputProof] = field(default_factory=list)
    detections: DetectionProof | None = None
    departure: Departure | None = None

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def prove(
    source: Run,
    file: Path,
    batches: Iterable[Tensors],
    frozen: Path | None = None,
    names: Mapping[str, str] | None = None,
) -> TensorProof:
    """Compares what an ONNX file and its source answer.

    Args:
        source: answers under the file's names of inputs and outputs.
        file: the ONNX file.
        batches: inputs by the file's names. One that the source refuses is left out, and counted as a weakness.
        frozen: the TensorFlow graph (GraphDef) that the file was made of; without it no inner values are compared.
        names: the frozen graph's names of inputs, by the file's, where they differ.

    Raises:
        OSError: a file cannot be read. What is wrong with the ONNX file is no error here, but the proof's `reason`.
    """
    try:
        onnx.checker.check_model(str(file), full_check=True)
        target, graph = OnnxFile(file), OnnxGraph(file)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, FinalError) as error:
        return TensorProof(proven=False, reason=f"the file is no valid graph: {error}")
    inside = Inside(graph, FrozenGraph(frozen, names)) if frozen else None
    with Comparison(source, target, graph, inside) as comparison:
        for inputs in batches:
            comparison.add(inputs)
            if comparison.failure:
                break
    steep = excuse_rounding(comparison) if not comparison.failure else ""
    reason, weaknesses = verdict(comparison)
    weaknesses += [steep] if steep else []
    if not reason:
        reason, weakness = depends_on_batch(comparison)
        weaknesses += [weakness] if weakness else []
    departure = _departure(comparison, inside)
    return TensorProof(
        proven=not reason,
        reason=f"{reason}; {departure}" if departure else reason,
        weaknesses=weaknesses,
        batches=len(comparison.batches),
        items=comparison.items,
        outputs=[each.proof() for each in comparison.compared],
        detections=comparison.detections,
        departure=departure,
    )


def _departure(comparison: Comparison, inside: Inside | None) -> Departure | None:
    """The first node that departs, by the smallest input that shows it."""
    for inputs, departing in comparison.departing():
        expected = comparison.source(inputs)
        found = first_departure(comparison.graph, inside, inputs, expected, departing)
        if found:
            return found
    return None
