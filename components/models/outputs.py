"""What a model's tensors mean: from named outputs, of TensorFlow or ONNX alike, to predictions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.items import Task
from ..errors import InputError
from .predictions import LabelledPrediction, Prediction, of_probabilities


def to_predictions(task: Task, labels: Sequence[str], outputs: Mapping[str, NDArray[Any]]) -> list[Prediction]:
    """The predictions of one call.

    Args:
        task: what the model predicts.
        labels: in the order of the model's classes.
        outputs: detection: `detection_boxes` [N, K, 4] (ymin, xmin, ymax, xmax in 0..1), `detection_classes`,
            `detection_scores` [N, K], `num_detections` [N]; classification: `probabilities` [N, C]; regression:
            `value` [N, 1].

    Returns:
        One prediction per item, in the shape of Vertex AI.

    Raises:
        InputError: the model answers a class that has no label.
    """
    match task:
        case Task.OBJECT_DETECTION:
            return list(_detections(outputs, labels))
        case Task.TABULAR_REGRESSION | Task.TABULAR_FORECASTING:
            return [{"value": float(value)} for value in outputs["value"].ravel()]
        case _:
            return [of_probabilities(labels, row) for row in outputs["probabilities"]]


def _detections(outputs: Mapping[str, NDArray[Any]], labels: Sequence[str]) -> Iterator[LabelledPrediction]:
    tensors = [outputs[f"detection_{part}"] for part in ("boxes", "classes", "scores")]
    for boxes, classes, scores, count in zip(*tensors, outputs["num_detections"], strict=True):
        order = np.argsort(-scores[: int(count)], kind="stable")
        yield {
            "displayNames": [_label(labels, int(index)) for index in classes[order]],
            "confidences": scores[order].tolist(),
            # ymin, xmin, ymax, xmax of TensorFlow as Vertex's xMin, xMax, yMin, yMax
            "bboxes": boxes[order][:, [1, 3, 0, 2]].tolist(),
        }


def _label(labels: Sequence[str], index: int) -> str:
    if not 0 <= index < len(labels):
        raise InputError(f"the model answers class {index}, but model.json names {len(labels)} labels: train it again")
    return labels[index]
