"""Two lists of detections of the same pictures: matched by class, score and box, not by their place."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..tensors import Tensors

# Outputs of the TF Object Detection API's exported models; others of the shape [N, K, ...] go along with them.
BOXES, SCORES, CLASSES, COUNT = "detection_boxes", "detection_scores", "detection_classes", "num_detections"
NEEDED = (BOXES, SCORES, CLASSES, COUNT)
# Largest difference of a score, and of an edge of a box in units of the picture (or of the largest edge, in pixels).
TOLERANCE = 1e-4
# Suppression may fall either way where the overlap is this near to its threshold, or where two boxes that suppress each
# other have the same score but for `TOLERANCE` ...
NEAR_THRESHOLD = 1e-4
# ... but both are rare: of all detections, this share may be excused.
MOST_EXCUSED = 0.01
_FAR = 1e9


@dataclass(frozen=True)
class DetectionProof:
    """Detections, matched by class, score and box.

    Attributes:
        pictures: how many were compared.
        detections: of the source, in all of them.
        unmatched: of either side, without the excused ones.
        excused: of either side: at the cut of a full list, within a hair of the threshold of suppression, or in a
            tie of two that suppress each other.
        max_score_difference: of matched ones.
        max_box_difference: of matched ones' edges, in units of the picture.
    """

    pictures: int = 0
    detections: int = 0
    unmatched: int = 0
    excused: int = 0
    max_score_difference: float = 0.0
    max_box_difference: float = 0.0

    def __add__(self, other: "DetectionProof") -> "DetectionProof":
        """Of the pictures of both."""
        one, two = asdict(self), asdict(other)
        return DetectionProof(**{k: max(one[k], two[k]) if k.startswith("max_") else one[k] + two[k] for k in one})

    @property
    def agrees(self) -> bool:
        """Whether all are found on both sides; few are excused."""
        return not self.unmatched and self.excused <= max(1, MOST_EXCUSED * self.detections)


@dataclass(frozen=True)
class _Found:
    """The detections of one picture that are meant."""

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.float64]
    is_full: bool

    @classmethod
    def of(cls, outputs: Tensors, place: int) -> "_Found":
        count, most = int(outputs[COUNT][place]), outputs[SCORES].shape[1]
        boxes, scores, classes = (outputs[name][place][:count].astype(np.float64) for name in NEEDED[:3])
        return cls(boxes, scores, classes, count == most)

    def only(self, places: NDArray[np.int64]) -> "_Found":
        """Some of them."""
        return replace(self, boxes=self.boxes[places], scores=self.scores[places], classes=self.classes[places])

    def __len__(self) -> int:
        return len(self.scores)


def is_detector(names: Iterable[str]) -> bool:
    """Whether outputs of these names are detections."""
    return set(NEEDED) <= set(names)


def compare_detections(source: Tensors, found: Tensors, iou_threshold: float | None) -> list[DetectionProof]:
    """Matches the detections of N pictures, in turn.

    Args:
        source: `detection_boxes` [N, K, 4], [ymin, xmin, ymax, xmax]; `detection_scores` and `detection_classes`
            [N, K]; `num_detections` [N]: how many of the K are meant. Numbers of any type.
        found: the same of the other side.
        iou_threshold: of non-maximum suppression, where it is known.
    """
    return [
        _compare(_Found.of(source, place), _Found.of(found, place), iou_threshold)
        for place in range(len(source[COUNT]))
    ]


def _compare(source: _Found, found: _Found, iou_threshold: float | None) -> DetectionProof:
    size = max(1.0, np.abs(source.boxes).max(initial=0))
    scores = np.abs(source.scores[:, None] - found.scores[None])
    boxes = np.abs(source.boxes[:, None] - found.boxes[None]).max(axis=2, initial=0) / size
    fits = (source.classes[:, None] == found.classes[None]) & (scores <= TOLERANCE) & (boxes <= TOLERANCE)
    rows, columns = linear_sum_assignment(np.where(fits, scores + boxes, _FAR))
    is_match = fits[rows, columns]
    rows, columns = rows[is_match], columns[is_match]
    lost = source.only(np.setdiff1d(np.arange(len(source)), rows))
    new = found.only(np.setdiff1d(np.arange(len(found)), columns))
    excused = _excused(lost, found, new, iou_threshold) + _excused(new, source, lost, iou_threshold)
    return DetectionProof(
        pictures=1,
        detections=len(source),
        unmatched=len(lost) + len(new) - excused,
        excused=excused,
        max_score_difference=float(scores[rows, columns].max(initial=0)),
        max_box_difference=float(boxes[rows, columns].max(initial=0)),
    )


def _excused(lost: _Found, other: _Found, new: _Found, iou_threshold: float | None) -> int:
    """How many detections that the other side lacks say nothing against it.

    Args:
        lost: what has no match.
        other: all detections of the other side.
        new: those of the other side that have no match either.
        iou_threshold: of non-maximum suppression.
    """
    count = 0
    for box, score, label in zip(lost.boxes, lost.scores, lost.classes, strict=True):
        at_cut = other.is_full and score <= other.scores.min() + TOLERANCE
        suppressing = other.boxes[(other.classes == label) & (other.scores >= score - TOLERANCE)]
        tied = new.boxes[(new.classes == label) & (np.abs(new.scores - score) <= TOLERANCE)]
        near = iou_threshold is not None and (
            (np.abs(_overlaps(box, suppressing) - iou_threshold) <= NEAR_THRESHOLD).any()
            or (_overlaps(box, tied) > iou_threshold).any()
        )
        count += bool(at_cut or near)
    return count


def _overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box with each of N, [N]."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inside = np.clip(high - low, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - inside
    return inside / np.maximum(union, np.finfo(np.float64).tiny)
