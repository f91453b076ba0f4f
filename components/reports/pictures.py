"""Pictures for pages: thumbnails as data URIs, and the boxes that are drawn over them."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class PredictedBox:
    """One predicted box: corners normalised to 0..1, confidence in 0..1."""

    label: str
    confidence: float
    xmin: float
    ymin: float
    xmax: float
    ymax: float


def thumbnail(image: np.ndarray, max_side: int = 320) -> str:
    """A small JPEG of an image, for `<img src>`.

    Args:
        image: uint8 [height, width, 3], RGB.
        max_side: longest side in pixels; smaller images are left as they are.

    Returns:
        `data:image/jpeg;base64,...`
    """
    small = Image.fromarray(image)
    small.thumbnail((max_side, max_side))
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=82)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def predicted_boxes(prediction: Mapping[str, Any], min_confidence: float = 0.5) -> list[PredictedBox]:
    """Boxes of a detection prediction, surest first.

    Args:
        prediction: Vertex AI's shape: `displayNames`, `confidences`, `bboxes` as [xMin, xMax, yMin, yMax] in 0..1
            (cloud.google.com/vertex-ai/docs/image-data/object-detection/interpret-results).
        min_confidence: boxes less sure than this are left out.

    Returns:
        The boxes, for the macro `picture`.
    """
    rows = zip(prediction["displayNames"], prediction["confidences"], prediction["bboxes"], strict=True)
    boxes = [
        PredictedBox(str(label), *map(float, (confidence, xmin, ymin, xmax, ymax)))
        for label, confidence, (xmin, xmax, ymin, ymax) in rows
        if confidence >= min_confidence
    ]
    return sorted(boxes, key=lambda box: -box.confidence)
