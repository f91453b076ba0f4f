"""Two lists of detections of the same pictures: matched by class, score and box, not by their place."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..tensors import Tensors
from .found import COUNT, NEEDED, Found
from .suppression import Candidates, Excuses

# Largest difference of a score, and of an edge of a box in units of the picture (or of the largest edge, in pixels).
TOLERANCE = 1e-4
# Suppression may fall either way where the overlap is as near to its threshold, or where two candidates that suppress
# each other have as near scores. Both are rare: of all detections, this share may be excused.
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
            tie of two candidates that suppress each other.
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


def is_detector(names: Iterable[str]) -> bool:
    """Whether outputs of these names are detections."""
    return set(NEEDED) <= set(names)


def compare_detections(
    source: Tensors, found: Tensors, iou_threshold: float | None, candidates: Sequence[Candidates] = ()
) -> list[DetectionProof]:
    """Matches the detections of N pictures, in turn.

    Args:
        source: `detection_boxes` [N, K, 4], [ymin, xmin, ymax, xmax]; `detection_scores` and `detection_classes`
            [N, K]; `num_detections` [N]: how many of the K are meant. Numbers of any type.
        found: the same of the other side.
        iou_threshold: of non-maximum suppression, where it is known.
        candidates: of each picture; without them no ties are excused.
    """
    return [
        match(Found.of(source, place), Found.of(found, place), iou_threshold, candidates=tied)
        for place, tied in zip(range(len(source[COUNT])), candidates or repeat(None), strict=False)
    ]


def match(
    source: Found,
    found: Found,
    iou_threshold: float | None,
    tolerance: float = TOLERANCE,
    least_score: float = 0.0,
    candidates: Candidates | None = None,
) -> DetectionProof:
    """Matches the detections of one picture.

    Args:
        source: what is expected.
        found: what the other side has.
        iou_threshold: of non-maximum suppression, where it is known.
        tolerance: of scores, and of edges in units of the picture.
        least_score: detections below need no match.
        candidates: that both sides agree on; without them no ties are excused.
    """
    size = max(1.0, np.abs(source.boxes).max(initial=0))
    scores = np.abs(source.scores[:, None] - found.scores[None])
    boxes = np.abs(source.boxes[:, None] - found.boxes[None]).max(axis=2, initial=0) / size
    fits = (source.classes[:, None] == found.classes[None]) & (scores <= tolerance) & (boxes <= tolerance)
    rows, columns = linear_sum_assignment(np.where(fits, scores + boxes, _FAR))
    is_match = fits[rows, columns]
    rows, columns = rows[is_match], columns[is_match]
    lost, new = _without(source, rows, least_score), _without(found, columns, least_score)
    excuses = Excuses(iou_threshold, tolerance, candidates)
    excused = excuses.count(lost, found, new) + excuses.count(new, source, lost)
    return DetectionProof(
        pictures=1,
        detections=len(source),
        unmatched=len(lost) + len(new) - excused,
        excused=excused,
        max_score_difference=float(scores[rows, columns].max(initial=0)),
        max_box_difference=float(boxes[rows, columns].max(initial=0)),
    )


def _without(found: Found, matched: NDArray[np.int64], least_score: float) -> Found:
    """What has no match and needs one; a score that is no number does."""
    rest = np.setdiff1d(np.arange(len(found)), matched)
    return found.only(rest[~(found.scores[rest] < least_score)])
