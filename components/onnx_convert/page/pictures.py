"""What source and file answer, beside one another, as pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Task
from ...models.predictions import Prediction
from ...reports.pictures import predicted_boxes, thumbnail
from ...reports.scatter import Density, density

SHOWN = 6
# Values drawn; more would not change the picture.
_DRAWN = 20_000

Predictions = Mapping[str, Prediction]


def boxes_of_both(data: Dataset, source: Predictions, onnx: Predictions) -> list[dict[str, Any]]:
    """Pictures of the test split with the boxes of both, for the macro `picture`; those with the most boxes."""
    if data.task is not Task.OBJECT_DETECTION:
        return []
    boxes = {identity: predicted_boxes(prediction) for identity, prediction in source.items()}
    fullest = sorted(boxes, key=lambda identity: (-len(boxes[identity]), identity))[:SHOWN]
    return [
        {
            "uri": thumbnail(decode(read_image(item))),
            "source": boxes[item.id],
            "onnx": predicted_boxes(onnx[item.id]),
            "name": item.id,
        }
        for item in data.items("test")
        if item.id in fullest
    ]


def values_of_both(source: Predictions, onnx: Predictions) -> Density | None:
    """ONNX's values or confidences over the source's; None where there are none, or where they are boxes."""
    pairs = [pair for identity in source for pair in _pairs(source[identity], onnx[identity])][:_DRAWN]
    return density(*np.array(pairs).T) if pairs else None


def _pairs(source: Prediction, onnx: Prediction) -> list[tuple[float, float]]:
    if "value" in source and "value" in onnx:
        return [(source["value"], onnx["value"])]
    if "value" in source or "value" in onnx or "bboxes" in source:
        return []
    there = dict(zip(onnx["displayNames"], onnx["confidences"], strict=True))
    return [(sure, there[label]) for label, sure in zip(source["displayNames"], source["confidences"], strict=True)]
