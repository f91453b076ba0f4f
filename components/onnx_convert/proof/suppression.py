"""What non-maximum suppression may decide either way, by the last digits of scores and boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .found import Found


@dataclass(frozen=True)
class Candidates:
    """What non-maximum suppression is given of one picture, on which both sides agree.

    Attributes:
        boxes: [B, 4].
        scores: [B, C].
    """

    boxes: NDArray[np.floating]
    scores: NDArray[np.floating]

    def have(self, box: NDArray[np.float64], score: float, label: float, tolerance: float) -> bool:
        """Whether a detection is one of them, clipped to the picture or not."""
        if not 0 <= label < self.scores.shape[1]:
            return False
        near = self.boxes[np.abs(self.scores[:, int(label)] - score) <= tolerance]
        same = [np.abs(each - box).max(axis=1) <= tolerance for each in (near, np.clip(near, 0, 1))]
        return bool(np.any(same))


def candidates_of(given: Sequence[NDArray[np.floating]]) -> list[Candidates]:
    """Of each of N pictures, from boxes [N, B, 4] (or [N, B, 1, 4]) and scores [N, B, C]; empty for other shapes."""
    if [each.ndim for each in given[1:]] != [3] or given[0].size != 4 * np.prod(given[1].shape[:2]):
        return []
    boxes, scores = given
    return [Candidates(*each) for each in zip(boxes.reshape(*scores.shape[:2], 4), scores, strict=True)]


@dataclass(frozen=True)
class Excuses:
    """Which detections that the other side lacks say nothing against it.

    Attributes:
        iou_threshold: of non-maximum suppression, where it is known.
        tolerance: of scores, and of the overlap.
        candidates: that both sides agree on; without them no ties are excused.
    """

    iou_threshold: float | None
    tolerance: float
    candidates: Candidates | None

    def count(self, lost: Found, other: Found, new: Found) -> int:
        """How many are.

        Args:
            lost: what has no match.
            other: all detections of the other side.
            new: those of the other side that have no match either.
        """
        rows = list(zip(lost.boxes, lost.scores, lost.classes, strict=True))
        return sum(
            self._is_at_cut(row[1], other) or self._is_near(*row, other) or self._ties(*row, new) for row in rows
        )

    def _is_at_cut(self, score: float, other: Found) -> bool:
        return bool(other.is_full and score <= other.scores.min() + self.tolerance)

    def _is_near(self, box: NDArray[np.float64], score: float, label: float, other: Found) -> bool:
        """Whether a box of the other side overlaps it by the threshold, but for the last digits."""
        if self.iou_threshold is None:
            return False
        suppressing = other.boxes[(other.classes == label) & (other.scores >= score - self.tolerance)]
        return bool((np.abs(_overlaps(box, suppressing) - self.iou_threshold) <= self.tolerance).any())

    def _ties(self, box: NDArray[np.float64], score: float, label: float, new: Found) -> bool:
        """Whether it gave way to one of the same score.

        A box with shifted edges looks the same, but is no candidate: either has to be one, with its score.
        """
        if self.iou_threshold is None or not self._is_candidate(box, score, label):
            return False
        tied = (new.classes == label) & (np.abs(new.scores - score) <= self.tolerance)
        tied &= _overlaps(box, new.boxes) > self.iou_threshold
        return any(self._is_candidate(new.boxes[each], new.scores[each], label) for each in np.flatnonzero(tied))

    def _is_candidate(self, box: NDArray[np.float64], score: float, label: float) -> bool:
        return self.candidates is not None and self.candidates.have(box, score, label, self.tolerance)


def _overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of one box with each of N, [N]."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    inside = np.clip(high - low, 0, None).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) - inside
    return inside / np.maximum(union, np.finfo(np.float64).tiny)
