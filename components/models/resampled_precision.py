"""Average precision of bootstrap samples of images.

Boxes are ranked once, and an image that is drawn twice counts twice: a sample costs a few sums over ranked boxes,
where pycocotools ranks again and goes through them one by one in Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RankedBoxes:
    """One label's N predicted boxes in all images, the surest first.

    Attributes:
        image: int [N], the place of each box's image.
        correct: bool [T, N], whether it found a true box at each of T IoU thresholds.
        true_boxes: int [images], the number of true boxes in each image.
    """

    image: NDArray[np.intp]
    correct: NDArray[np.bool_]
    true_boxes: NDArray[np.int64]

    @classmethod
    def of_matches(cls, matches: Sequence[Mapping[str, Any] | None], thresholds: int) -> "RankedBoxes":
        """Ranks a label's boxes.

        Args:
            matches: of each image, from `COCOeval.evaluateImg`; None where the label is neither true nor predicted.
            thresholds: T.
        """
        known = [(place, match) for place, match in enumerate(matches) if match]
        true_boxes = np.zeros(len(matches), np.int64)
        true_boxes[[place for place, _ in known]] = [len(match["gtIds"]) for _, match in known]
        scores = np.concatenate([np.empty(0), *(match["dtScores"] for _, match in known)])
        correct = [np.empty((thresholds, 0), bool), *(np.asarray(match["dtMatches"]) > 0 for _, match in known)]
        image = np.repeat([place for place, _ in known], [len(match["dtScores"]) for _, match in known])
        order = np.argsort(-scores, kind="stable")  # as pycocotools does
        return cls(image.astype(np.intp)[order], np.concatenate(correct, axis=1)[:, order], true_boxes)

    def precision(self, counts: NDArray[np.number], recalls: NDArray[np.float64]) -> NDArray[np.float64]:
        """Interpolated precision [T, R] at R recalls when image i is there `counts[i]` times; -1 without a true box."""
        true_boxes = counts @ self.true_boxes
        if not true_boxes:
            return np.full((len(self.correct), len(recalls)), -1.0)
        weights = counts[self.image]
        found = np.cumsum(self.correct * weights, axis=1)
        raw = found / (np.cumsum(weights) + np.spacing(1))
        # The best precision at this recall or a higher one, and 0 for recalls that are never reached.
        best = np.zeros((len(raw), raw.shape[1] + 1))
        best[:, :-1] = np.maximum.accumulate(raw[:, ::-1], axis=1)[:, ::-1]
        places = [np.searchsorted(reached, recalls) for reached in found / true_boxes]
        return np.take_along_axis(best, np.array(places), axis=1)
