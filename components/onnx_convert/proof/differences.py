"""How far the predictions of two models are from each other, item by item."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...data.items import Task
from ...models.predictions import Prediction
from .agreement import RELATIVE
from .detections import DetectionProof, match
from .found import Found

# Largest difference of a probability or a normalised box edge; of a regression's value, in units of the standard
# deviation of the source's values.
TOLERANCE = 1e-3
# Detections below this confidence do not have to be found again: which of them pass the threshold is a matter of
# the last bit.
LEAST_CONFIDENCE = 0.05
_TINY = float(np.finfo(np.float64).tiny)


def differences_of(
    task: Task, source: Mapping[str, Prediction], onnx: Mapping[str, Prediction], iou_threshold: float | None
) -> dict[str, float]:
    """How far off each item is, by its id."""
    if task.predicts_numbers:
        found = _of_values({each: (_value(source[each]), _value(onnx[each])) for each in source})
    elif task is Task.OBJECT_DETECTION:
        found = _of_detections({each: _matched(source[each], onnx[each], iou_threshold) for each in source})
    else:
        found = {each: _of_labels(source[each], onnx[each]) for each in source}
    return {identity: _as_number(difference) for identity, difference in found.items()}


def _of_values(pairs: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """In units of the values' spread, or where that is less, of what a float32 of this size can tell apart."""
    spread = float(np.std([value for value, _ in pairs.values()]))
    return {
        identity: abs(value - other) / max(spread, abs(value) * RELATIVE / TOLERANCE, _TINY)
        for identity, (value, other) in pairs.items()
    }


def _of_labels(source: Prediction, onnx: Prediction) -> float:
    there = dict(_rows(onnx))
    return float(np.max([np.abs(confidence - there[label]) for label, confidence in _rows(source)]))


def _of_detections(matched: Mapping[str, DetectionProof]) -> dict[str, float]:
    """What is excused is no difference, as long as it is rare among all detections."""
    total = sum(matched.values(), DetectionProof())
    is_rare = replace(total, unmatched=0).agrees
    return {
        identity: 1.0
        if each.unmatched or (each.excused and not is_rare)
        else max(each.max_score_difference, each.max_box_difference)
        for identity, each in matched.items()
    }


def _matched(source: Prediction, onnx: Prediction, iou_threshold: float | None) -> DetectionProof:
    rows = [list(_rows(each)) for each in (source, onnx)]
    places = {label: place for place, label in enumerate(sorted({label for side in rows for label, _ in side}))}
    before, after = (_found(each, places) for each in rows)
    return match(before, after, iou_threshold, TOLERANCE, LEAST_CONFIDENCE)


def _found(rows: Sequence[tuple[str, NDArray[np.float64]]], places: Mapping[str, int]) -> Found:
    values = np.array([values for _, values in rows]).reshape(-1, 5)
    classes = np.array([places[label] for label, _ in rows], float)
    return Found(values[:, [3, 1, 4, 2]], values[:, 0], classes)


def _as_number(difference: float) -> float:
    """What is no number on either side counts as 1, as what is not found again does."""
    return difference if np.isfinite(difference) else 1.0


def _value(prediction: Prediction) -> float:
    if "value" not in prediction:
        raise TypeError("a prediction of a regression has a value")
    return prediction["value"]


def _rows(prediction: Prediction) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Each label with its confidence and, of a detection, xMin, xMax, yMin, yMax."""
    if "value" in prediction:
        raise TypeError("a prediction of a regression has no labels")
    labelled = zip(prediction["displayNames"], prediction["confidences"], strict=True)
    for place, (label, confidence) in enumerate(labelled):
        box = prediction["bboxes"][place] if "bboxes" in prediction else []
        yield label, np.array([confidence, *box])
