"""The detections of one picture, as the TF Object Detection API's exported models give them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..tensors import Tensors

# Outputs of the TF Object Detection API's exported models; others of the shape [N, K, ...] go along with them.
BOXES, SCORES, CLASSES, COUNT = "detection_boxes", "detection_scores", "detection_classes", "num_detections"
NEEDED = (BOXES, SCORES, CLASSES, COUNT)


@dataclass(frozen=True)
class Found:
    """The detections of one picture that are meant.

    Attributes:
        boxes: [K, 4], [ymin, xmin, ymax, xmax].
        scores: [K].
        classes: [K], whole numbers.
        is_full: whether the list may have no more than these.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.float64]
    is_full: bool = False

    @classmethod
    def of(cls, outputs: Tensors, place: int) -> "Found":
        """Those of the picture at a place of a batch."""
        count, most = int(outputs[COUNT][place]), outputs[SCORES].shape[1]
        boxes, scores, classes = (outputs[name][place][:count].astype(np.float64) for name in NEEDED[:3])
        return cls(boxes, scores, classes, count == most)

    def only(self, places: NDArray[np.int64]) -> "Found":
        """Some of them."""
        return replace(self, boxes=self.boxes[places], scores=self.scores[places], classes=self.classes[places])

    def __len__(self) -> int:
        return len(self.scores)
