"""Metrics of bounding boxes (schema/modelevaluation/image_object_detection_metrics_1.0.0.yaml)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .metrics import average_precision, confidence_metrics

_IOU_THRESHOLDS = [*(at / 20 for at in range(1, 20)), 0.96, 0.97, 0.98, 0.99]

Box = Sequence[float]


@dataclass(frozen=True)
class Found:
    """The boxes of one image: (x min, y min, x max, y max), a label each, and a score each where they are predicted."""

    labels: Sequence[str]
    boxes: Sequence[Box]
    scores: Sequence[float] = ()


def detection(truth: Sequence[Found], predicted: Sequence[Found]) -> dict[str, Any]:
    """Metrics of the boxes of images."""
    entries = [_at_overlap(truth, predicted, overlap) for overlap in _IOU_THRESHOLDS]
    return {
        "boundingBoxMetrics": entries,
        "evaluatedBoundingBoxCount": sum(len(image.boxes) for image in truth),
        "boundingBoxMeanAveragePrecision": float(np.mean([entry["meanAveragePrecision"] for entry in entries])),
    }


def _at_overlap(truth: Sequence[Found], predicted: Sequence[Found], overlap: float) -> dict[str, Any]:
    hits = np.array([hit for pair in zip(truth, predicted, strict=True) for hit in _hits(*pair, overlap)], bool)
    scores = np.array([score for image in predicted for score in image.scores], float)
    labels = np.array([label for image in predicted for label in image.labels], object)
    wanted = np.array([label for image in truth for label in image.labels], object)
    precisions = [
        average_precision(hits[labels == label], scores[labels == label], int((wanted == label).sum()))
        for label in sorted(set(wanted))
    ]
    return {
        "iouThreshold": overlap,
        "meanAveragePrecision": float(np.mean(precisions)) if precisions else 0.0,
        "confidenceMetrics": confidence_metrics(hits, scores, len(wanted)),
    }


def _hits(truth: Found, predicted: Found, overlap: float) -> list[bool]:
    """Which predictions of an image are right: the most confident chooses first, and a true box is found once."""
    free, hits = set(range(len(truth.boxes))), [False] * len(predicted.boxes)
    for at in np.argsort(-np.array(predicted.scores), kind="stable"):
        overlaps = {
            number: _overlap(truth.boxes[number], predicted.boxes[at])
            for number in free
            if truth.labels[number] == predicted.labels[at]
        }
        best = max(overlaps, key=lambda number: overlaps[number], default=None)
        if best is not None and overlaps[best] >= overlap:
            hits[at] = True
            free.remove(best)
    return hits


def _overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    sizes = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return shared / (sum(sizes) - shared) if shared else 0.0
