"""Missing boxes: confident detections of the baseline where nothing is labelled.

Training images are predicted out of fold, so the baseline cannot have learned the gap. How confident is read from the
data: as confident as the baseline is on four of five labelled boxes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import SPLITS, Box, Item, Task
from ...models import predictions as prediction_files
from ...models.folder import ModelFolder
from ...reports.pictures import PredictedBox, predicted_boxes
from ..findings import Case, NotJudged, Outcome, counted

RULE = "missing_box"
# The share of labelled boxes that the baseline may find less confidently than what it proposes.
UNSURE_SHARE = 0.2
# A baseline is not asked when fewer of its confident detections lie on labelled boxes.
MIN_PRECISION = 0.5
# Intersection over union from which on a detection has found a box, and below which it lies on none. Between them it is
# on a box but misplaced, as a quick baseline's detections often are.
ON_BOX_IOU = 0.5
OFF_BOX_IOU = 0.1
# Less sure detections are left out for memory's sake: a detector gives a hundred for each image.
_MIN_CONFIDENCE = 0.05

_NOTHING: prediction_files.LabelledPrediction = {"displayNames": [], "confidences": [], "bboxes": []}


@dataclass(frozen=True, slots=True)
class Matched:
    """What the baseline detects in one image, beside its labels.

    Attributes:
        item: the image.
        split: the split it is in.
        boxes: D detected boxes, surest first.
        overlaps: IoU of each with each of L labelled boxes, float64 [D, L].
    """

    item: Item
    split: str
    boxes: list[PredictedBox]
    overlaps: NDArray[np.float64]

    @property
    def found_with(self) -> list[float]:
        """Confidence of the surest detection on each labelled box, 0 where there is none."""
        confidences = np.array([box.confidence for box in self.boxes])[:, None]
        return np.where(self.overlaps >= ON_BOX_IOU, confidences, 0.0).max(axis=0, initial=0.0).tolist()

    def on_labelled(self, confidence: float) -> list[tuple[PredictedBox, bool]]:
        """The detections at least so confident, each with whether it lies on a labelled box."""
        lies_on = (self.overlaps.max(axis=1, initial=0.0) >= OFF_BOX_IOU).tolist()
        return [pair for pair in zip(self.boxes, lies_on, strict=True) if pair[0].confidence >= confidence]


def missing_boxes(data: Dataset, baseline: ModelFolder) -> Iterator[Outcome]:
    """Yields the finding of `missing_box`, or why it could not be judged; nothing where the task has no boxes."""
    if data.task is not Task.OBJECT_DETECTION:
        return
    absent = [split for split in SPLITS if not baseline.predictions(split).is_file()]
    if absent:
        yield NotJudged(RULE, f"The baseline {baseline.name} has no predictions of {', '.join(absent)}.")
        return
    images = list(_matched(data, baseline))
    confidence = typical_confidence([found for image in images for found in image.found_with])
    confident = [(image, image.on_labelled(confidence)) for image in images]
    on_labelled = [lies_on for _, detections in confident for _, lies_on in detections]
    if not confidence or np.mean(on_labelled) < MIN_PRECISION:
        yield NotJudged(RULE, f"The baseline {baseline.name} does not know the objects well enough to miss one.")
        return
    cases = [_case(image, box) for image, detections in confident for box in _off_labelled(detections)]
    cases.sort(key=lambda case: -case.proposal.confidence if case.proposal else 0.0)
    of = f"{len(on_labelled):,} detections of confidence {confidence:.2f} or more: these lie on no labelled box"
    yield from counted(RULE, cases, of)


def typical_confidence(found_with: Sequence[float]) -> float:
    """The confidence that all but `UNSURE_SHARE` of the labelled boxes are found with; 0 where fewer are found."""
    return float(np.quantile(found_with, UNSURE_SHARE, method="lower")) if found_with else 0.0


def intersection_over_union(
    boxes: Sequence[Box | PredictedBox], others: Sequence[Box | PredictedBox]
) -> NDArray[np.float64]:
    """IoU of N boxes with M others, float64 [N, M]. By hand: pycocotools, which has it, is not in this image."""
    one, two = (_edges(each) for each in (boxes, others))
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(edges[:, 2:] - edges[:, :2]).prod(axis=1) for edges in (one, two)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None, :] - shared, 1e-12)


def _edges(boxes: Sequence[Box | PredictedBox]) -> NDArray[np.float64]:
    return np.array([(box.xmin, box.ymin, box.xmax, box.ymax) for box in boxes]).reshape(-1, 4)


def _matched(data: Dataset, baseline: ModelFolder) -> Iterator[Matched]:
    for split in SPLITS:
        predictions = dict(prediction_files.read(baseline.predictions(split)))
        for item in data.items(split):
            boxes = predicted_boxes(predictions.get(item.id, _NOTHING), _MIN_CONFIDENCE)
            yield Matched(item, split, boxes, intersection_over_union(boxes, item.usable_boxes()))


def _off_labelled(detections: Sequence[tuple[PredictedBox, bool]]) -> Iterator[PredictedBox]:
    """Yields the detections on no labelled box, one for each place."""
    proposed: list[PredictedBox] = []
    for box, lies_on_labelled in detections:
        if not lies_on_labelled and not (intersection_over_union([box], proposed) >= OFF_BOX_IOU).any():
            proposed.append(box)
            yield box


def _case(image: Matched, box: PredictedBox) -> Case:
    edges = f"x {box.xmin:.3f} to {box.xmax:.3f}, y {box.ymin:.3f} to {box.ymax:.3f}"
    detail = f"probably {box.label!r} at {edges} (confidence {box.confidence:.2f})"
    return Case(image.item.id, image.item.source, image.split, detail, proposal=box)
