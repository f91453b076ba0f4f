"""The tabular baseline as one ONNX graph, from its columns to its predictions."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra import onnx_ops
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.pipeline import Pipeline

from ...data.storage import write_atomically
from ...models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR
from ...models.onnx_names import rename
from . import text_to_onnx  # noqa: F401  (registers its converters)
from .autogluon_model import AutoGluonModel, append_members
from .forest import has_trees
from .pipeline import DateParts
from .tree_ensemble import append_trees

_OPSETS = {"": 18, "ai.onnx.ml": 3}


def export(pipeline: Pipeline, rows: pd.DataFrame, output: Path) -> None:
    """Writes a fitted pipeline, preprocessing included, as ONNX.

    The graph has one input [N, 1] per column under the column's own name, float32 or string, and one output: float32
    `probabilities` [N, C] or `value` [N, 1].

    Args:
        pipeline: of `build_pipeline`.
        rows: some input of the pipeline.
        output: the file to write.
    """
    is_classifier = hasattr(pipeline, "predict_proba")
    model = pipeline["model"]
    if has_trees(getattr(model, "regressor_", model)):
        graph = _convert(pipeline[:-1], rows)
        append_trees(graph, model)
    elif isinstance(model, AutoGluonModel):
        graph = _convert(pipeline[:-1], rows)
        append_members(graph, model)
    else:
        graph = _convert(pipeline, rows, {id(pipeline): {"zipmap": False}} if is_classifier else None)
        del graph.graph.output[:-1]  # the label of a classifier, which its probabilities give as well
    # The converter replaces what is not an identifier in the columns' names, and keeps their order.
    new_names = dict(zip((each.name for each in graph.graph.input), rows.columns, strict=True))
    new_names[graph.graph.output[0].name] = "probabilities" if is_classifier else "value"
    rename(graph.graph, new_names)
    onnx.checker.check_model(graph, full_check=True)
    with write_atomically(output) as file:
        onnx.save(graph, file)


def _convert(pipeline: Pipeline, rows: pd.DataFrame, options: dict[int, Any] | None = None) -> Any:
    types = {name: StringTensorType if rows[name].dtype == object else FloatTensorType for name in rows}
    return convert_sklearn(
        pipeline,
        name="tabular_baseline",  # by default a random one, and the same model shall give the same file
        initial_types=[(name, tensor_type([None, 1])) for name, tensor_type in types.items()],
        options=options,
        target_opset=_OPSETS,
    )


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
