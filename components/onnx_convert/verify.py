"""The proof of an ONNX file, in all the ways that there are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx

from ..data.dataset import Dataset
from ..models import predictions
from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner
from .certificate import Certificate
from .export.metadata import sha256
from .proof.graph import OnnxGraph
from .proof.task import compare, predict_test_split
from .source import Source
from .translate import Translation


def verify(source: Source, translation: Translation, data: Dataset | None, signature: str) -> Certificate:
    """Compares a file with its source in all the ways that there are.

    Args:
        source: what was converted.
        translation: its ONNX file.
        data: the data set; None for a proof on made-up inputs.
        signature: of the SavedModel.

    Raises:
        InputError: the source's recorded predictions are not of this test split.
    """
    certificate = Certificate(
        source={"name": source.name, "signature": signature, "bytes": source.size(), **source.digests()},
        data=dict(data.digests) if data else {},
        file=file_facts(translation.file),
    )
    if source.saved_model:
        from .live import compare_tensors  # TensorFlow takes seconds to load, and an ONNX source needs none

        compare_tensors(certificate, source, translation, data, signature)
    if source.folder and source.recorded and data:
        _compare_predictions(certificate, source.folder, source.recorded, translation.file.parent, data)
    return certificate


def file_facts(file: Path) -> dict[str, Any]:
    """Opset, size in bytes and SHA-256 of an ONNX file."""
    opsets = onnx.load(str(file), load_external_data=False).opset_import
    opset = next(each.version for each in opsets if each.domain in ("", "ai.onnx"))
    return {"opset": opset, "bytes": file.stat().st_size, "sha256": sha256(file)}


def _compare_predictions(
    certificate: Certificate, folder: ModelFolder, recorded: Path, trial: Path, data: Dataset
) -> None:
    """The whole test split: what the source recorded when it was trained, and what the file predicts."""
    certificate.predicted = dict(predict_test_split(OnnxRunner(replace(folder, path=trial)), data))
    overlap = OnnxGraph(trial / "model.onnx").iou_threshold()
    certificate.task = compare(data, folder.task, dict(predictions.read(recorded)), certificate.predicted, overlap)
