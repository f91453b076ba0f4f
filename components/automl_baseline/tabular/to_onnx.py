"""The tabular baseline as one ONNX graph, and the proof that the graph predicts what scikit-learn predicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pandas as pd
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra import onnx_ops
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from ...data.storage import write_atomically
from ...errors import FinalError
from ...models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR
from ...models.onnx_names import rename
from .pipeline import DateParts, predict

# The largest difference accepted: of a probability, or of a value as a share of the values' range. Float32 sums over
# some hundred trees differ by up to 1e-6.
TOLERANCE = 1e-5
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_NAMED_ROWS = 10


def export(pipeline: Pipeline, rows: pd.DataFrame, output: Path) -> None:
    """Writes a fitted pipeline, preprocessing included, as ONNX.

    The graph has one input [N, 1] per column under the column's own name, float32 or string, and one output: float32
    `probabilities` [N, C] or `value` [N, 1].

    Args:
        pipeline: of `build_pipeline`; its tree thresholds are rounded to float32, which changes no prediction.
        rows: some input of the pipeline.
        output: the file to write.
    """
    _round_thresholds(pipeline)
    is_classifier = hasattr(pipeline, "predict_proba")
    types = {name: StringTensorType if rows[name].dtype == object else FloatTensorType for name in rows}
    model: Any = convert_sklearn(
        pipeline,
        name="tabular_baseline",  # by default a random one, and the same model shall give the same file
        initial_types=[(name, tensor_type([None, 1])) for name, tensor_type in types.items()],
        options={id(pipeline): {"zipmap": False}} if is_classifier else None,
        target_opset=_OPSETS,
    )
    del model.graph.output[:-1]  # the label of a classifier, which its probabilities give as well
    # The converter replaces what is not an identifier in the columns' names, and keeps their order.
    new_names = dict(zip((each.name for each in model.graph.input), rows.columns, strict=True))
    new_names[model.graph.output[0].name] = "probabilities" if is_classifier else "value"
    rename(model.graph, new_names)
    onnx.checker.check_model(model, full_check=True)
    with write_atomically(output) as file:
        onnx.save(model, file)


def prove(pipeline: Pipeline, file: Path, rows: pd.DataFrame, identities: Sequence[str]) -> float:
    """Compares an exported graph with its pipeline on real rows.

    Args:
        pipeline: that was exported.
        file: of the graph.
        rows: input of the pipeline.
        identities: names of the rows.

    Returns:
        The largest difference, in the measure of `TOLERANCE`.

    Raises:
        FinalError: some rows differ by more than `TOLERANCE`; the sentence names them.
    """
    expected = predict(pipeline, rows)
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: rows[[name]].to_numpy() for name in rows})
    scale = 1.0 if hasattr(pipeline, "predict_proba") else np.ptp(expected) or np.abs(expected).max() or 1.0
    differences = np.abs(np.asarray(found) - expected).max(axis=1) / scale
    differing = np.flatnonzero(~(differences <= TOLERANCE))
    if len(differing):
        named = ", ".join(identities[int(place)] for place in differing[:_NAMED_ROWS])
        raise FinalError(
            f"The ONNX graph disagrees with scikit-learn by up to {differences.max():.3g} (accepted: {TOLERANCE:g}) on"
            f" {len(differing)} of {len(rows)} rows, among them {named}; this baseline is not usable, please report it."
        )
    return float(differences.max())


def _round_thresholds(pipeline: Pipeline) -> None:
    """Rounds the trees' float64 thresholds down to float32, in which ONNX stores them.

    For every float32 value, x <= threshold stays what it was. Rounding to the nearest, as the converter does, would
    send values that equal the rounded threshold the other way.
    """
    boosting: Any = pipeline["boosting"]
    for predictor in (tree for trees in boosting._predictors for tree in trees):
        thresholds = predictor.nodes["num_threshold"]
        nearest = thresholds.astype(np.float32)
        below = np.nextafter(nearest, np.float32("-inf"))
        predictor.nodes["num_threshold"] = np.where(nearest > thresholds, below, nearest)


def _date_parts_shape(operator: Any) -> None:
    columns = operator.inputs[0].type.shape[1]
    operator.outputs[0].type = FloatTensorType([None, 3 * columns])


def _date_parts(scope: Any, operator: Any, container: Any) -> None:
    ops: Any = onnx_ops  # its classes are made at run time
    days, opset = operator.inputs[0], {"op_version": container.target_opset}
    parts = []
    for period in (np.array([length], dtype=np.float32) for length in (DAYS_PER_WEEK, DAYS_PER_YEAR)):
        whole = ops.OnnxFloor(ops.OnnxDiv(days, period, **opset), **opset)
        parts.append(ops.OnnxSub(days, ops.OnnxMul(whole, period, **opset), **opset))
    joined = ops.OnnxConcat(days, *parts, axis=1, output_names=operator.outputs[:1], **opset)
    joined.add_to(scope, container)


update_registered_converter(DateParts, "GraduateDateParts", _date_parts_shape, _date_parts)
