"""Weighted box fusion: the boxes of several detectors as one set.

Solovyev, Wang and Gabruseva 2019, "Weighted boxes fusion", arXiv:1910.13302. Written here, since the authors' package
`ensemble-boxes` needs numba and has been silent since 2022; a test holds this against its answers.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..models.detection_metrics import MAX_BOXES_PER_IMAGE
from ..models.predictions import LabelledPrediction


def fuse(
    predictions: Sequence[LabelledPrediction], weights: Sequence[float], iou_threshold: float
) -> LabelledPrediction:
    """Fuses what several detectors found in one picture.

    Boxes of a label that lie over one another become one, whose edges are their mean, weighted by confidence and by
    model. Its confidence is the weighted mean of theirs, times the weight of the models that found it as a share of
    all: a box that one model alone has seen is doubted. That is `box_and_model_avg` of the authors' package, which is
    their paper's where no model finds a thing twice, and stays below 1 where one does.

    Args:
        predictions: of each detector, with `bboxes`.
        weights: of each detector, positive; they need not add up to 1.
        iou_threshold: boxes join those that they cover by more than this (intersection over union).

    Returns:
        The surest `MAX_BOXES_PER_IMAGE` fused boxes, in descending order of their confidence.
    """
    found: list[tuple[float, str, list[float]]] = []
    for label in dict.fromkeys(name for each in predictions for name in each["displayNames"]):
        confidences, boxes = _fused(*_of_label(label, predictions), np.asarray(weights, float), iou_threshold)
        found += zip(confidences.tolist(), [label] * len(boxes), boxes.tolist(), strict=True)
    found = sorted(found, key=lambda box: -box[0])[:MAX_BOXES_PER_IMAGE]
    return {
        "displayNames": [label for _, label, _ in found],
        "confidences": [confidence for confidence, _, _ in found],
        "bboxes": [box for _, _, box in found],
    }


def _of_label(
    label: str, predictions: Sequence[LabelledPrediction]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Boxes [K, 4] (xMin, xMax, yMin, yMax), confidences [K] and models [K] of a label."""
    rows = [
        (model, confidence, box)
        for model, each in enumerate(predictions)
        for name, confidence, box in zip(each["displayNames"], each["confidences"], each.get("bboxes", []), strict=True)
        # One of no confidence or no size can be no centre. What is no number stays, so that it is seen.
        if name == label and not (confidence == 0 or box[0] >= box[1] or box[2] >= box[3])
    ]
    boxes = np.array([box for _, _, box in rows], float).reshape(-1, 4)
    return boxes, np.array([row[1] for row in rows], float), np.array([row[0] for row in rows], np.intp)


def _fused(
    boxes: NDArray[np.float64],
    confidences: NDArray[np.float64],
    models: NDArray[np.intp],
    weights: NDArray[np.float64],
    iou_threshold: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Confidences [C] and boxes [C, 4] of the clusters of one label."""
    weighted = confidences * weights[models]
    order = np.argsort(-weighted, kind="stable")
    clusters, fused = _clusters(boxes[order], weighted[order], iou_threshold)
    # By cluster and model: how many boxes, and what their confidences add up to.
    count, total = np.zeros((2, len(fused), len(weights)))
    np.add.at(count, (clusters, models[order]), 1)
    np.add.at(total, (clusters, models[order]), confidences[order])
    mean = (total @ weights) / (count @ weights)
    return mean * ((count > 0) @ weights) / weights.sum(), fused


def _clusters(
    boxes: NDArray[np.float64], confidences: NDArray[np.float64], iou_threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The cluster of each of K boxes, the surest first, int [K], and the C clusters' mean boxes, [C, 4]."""
    clusters, fused, sums = np.zeros(len(boxes), np.intp), np.zeros((4, len(boxes))), np.zeros(len(boxes))
    known = 0
    for place, (box, confidence) in enumerate(zip(boxes, confidences, strict=True)):
        overlaps = _overlaps(fused[:, :known], box)
        nearest = int(overlaps.argmax()) if known else 0
        if not known or overlaps[nearest] <= iou_threshold:
            nearest, known = known, known + 1
        clusters[place] = nearest
        sums[nearest] += confidence
        fused[:, nearest] += (box - fused[:, nearest]) * (confidence / sums[nearest])
    return clusters, fused[:, :known].T


def _overlaps(boxes: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of each of [4, C] with one, [C]; edge by edge, as reductions of few numbers are slow."""
    left, right, top, bottom = boxes
    xmin, xmax, ymin, ymax = box.tolist()
    width = np.minimum(right, xmax) - np.maximum(left, xmin)
    height = np.minimum(bottom, ymax) - np.maximum(top, ymin)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    return common / ((right - left) * (bottom - top) + (xmax - xmin) * (ymax - ymin) - common)
