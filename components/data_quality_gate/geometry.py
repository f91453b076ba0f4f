"""Boxes as arrays of edges, and how far they overlap."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.items import Box
from ..reports.pictures import PredictedBox


def edges(boxes: Sequence[Box | PredictedBox]) -> NDArray[np.float64]:
    """Edges of N boxes, float64 [N, 4]: xmin, ymin, xmax, ymax."""
    return np.array([(box.xmin, box.ymin, box.xmax, box.ymax) for box in boxes], np.float64).reshape(-1, 4)


def intersection_over_union(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU of boxes given by their edges [..., 4], box by box; 0 where both have no area.

    Leading axes are broadcast: [N, 1, 4] and [M, 4] give [N, M]. By hand: pycocotools, which has it, is not in this
    image, and cleanlab's loops over single boxes.
    """
    shared = _area(np.maximum(one[..., :2], other[..., :2]), np.minimum(one[..., 2:], other[..., 2:]))
    areas = _area(one[..., :2], one[..., 2:]) + _area(other[..., :2], other[..., 2:])
    return shared / np.maximum(areas - shared, 1e-12)


def _area(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.clip(high - low, 0, None)
    return sides[..., 0] * sides[..., 1]
