"""Labelled boxes of items as arrays of one shape."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.items import Item


@dataclass(frozen=True)
class BoxArrays:
    """The usable boxes of N items, padded to the largest number M of an item.

    Attributes:
        boxes: float32 [N, M, 4], [ymin, xmin, ymax, xmax], 0..1; padded with zeros.
        labels: int32 [N, M], index in the list of labels; padded with -1.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int32]

    def take(self, indices: NDArray[np.int64]) -> "BoxArrays":
        """The boxes of some of the items."""
        return BoxArrays(self.boxes[indices], self.labels[indices])


def box_arrays(items: Sequence[Item], labels: Sequence[str]) -> BoxArrays:
    """The items' usable boxes, clipped to the frame.

    Raises:
        ValueError: a box has a label that is not in `labels`.
    """
    index = {label: number for number, label in enumerate(labels)}
    usable = [item.usable_boxes() for item in items]
    most = max((len(boxes) for boxes in usable), default=0) or 1
    result = BoxArrays(np.zeros((len(items), most, 4), np.float32), np.full((len(items), most), -1, np.int32))
    for row, boxes in enumerate(usable):
        for column, box in enumerate(boxes):
            if box.label not in index:
                raise ValueError(f"label {box.label!r} of {items[row].id} is not among the dataset's labels")
            result.boxes[row, column] = box.ymin, box.xmin, box.ymax, box.xmax
            result.labels[row, column] = index[box.label]
    return result
