"""Anchor boxes: where a detector looks in the cells of its feature maps.

A feature pyramid has one square per cell: that is enough under adaptive assignment (Zhang et al. 2020,
arXiv:1912.02424, table 5). SSD has boxes of several shapes per cell.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

STRIDES = (8, 16, 32)
# Side of an anchor in strides: 40, 80 and 160 pixels. Adaptive assignment is robust to this choice (ibid., table 6).
SIDE_IN_STRIDES = 5.0

# SSD: scale (side of a square of the same area, as share of the image) and aspect ratio of the anchors of each level,
# by the TF Object Detection API's `ssd_anchor_generator` (min_scale 0.2, max_scale 0.95,
# reduce_boxes_in_lowest_layer); Liu et al. 2016, arXiv:1512.02325, section 2.2.
SSD_STRIDE = 16
SSD_LEVELS = 6
_SCALES = [*np.linspace(0.2, 0.95, SSD_LEVELS), 1.0]
_RATIOS = (1.0, 2.0, 1 / 2, 3.0, 0.3333)
SSD_SHAPES: list[list[tuple[float, float]]] = [
    [(0.1, 1.0), (0.2, 2.0), (0.2, 1 / 2)],
    *(
        [*((scale, ratio) for ratio in _RATIOS), (math.sqrt(scale * larger), 1.0)]
        for scale, larger in pairwise(_SCALES[1:])
    ),
]


@dataclass(frozen=True)
class Anchors:
    """All anchors of an image size.

    Attributes:
        boxes: float32 [A, 4], [ymin, xmin, ymax, xmax], 0..1 and beyond at the edges.
        level_sizes: number of anchors of each feature map, fine to coarse; they add up to A.
    """

    boxes: np.ndarray
    level_sizes: tuple[int, ...]


def make_anchors(height: int, width: int) -> Anchors:
    """Anchors of an image of `height` x `width` pixels (multiples of the largest stride).

    Raises:
        ValueError: a side is not a multiple of the largest stride.
    """
    if height % STRIDES[-1] or width % STRIDES[-1]:
        raise ValueError(f"image size {height}x{width} is not a multiple of {STRIDES[-1]}")
    levels = [_level(height, width, stride) for stride in STRIDES]
    return Anchors(np.concatenate(levels).astype(np.float32), tuple(len(level) for level in levels))


def ssd_anchors(height: int, width: int) -> Anchors:
    """SSD's anchors of an image of `height` x `width` pixels; 1,917 for 300 x 300."""
    levels = []
    for level, shapes in enumerate(SSD_SHAPES):
        stride = SSD_STRIDE * 2**level
        levels.append(_cells(math.ceil(height / stride), math.ceil(width / stride), shapes))
    return Anchors(np.concatenate(levels).astype(np.float32), tuple(len(level) for level in levels))


def _cells(rows: int, columns: int, shapes: list[tuple[float, float]]) -> np.ndarray:
    """Boxes of some shapes around the centres of a grid's cells: cell by cell, all shapes of each."""
    y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    centres = np.stack([y, x], axis=-1).reshape(-1, 1, 2)
    halves = np.array([(scale / math.sqrt(ratio), scale * math.sqrt(ratio)) for scale, ratio in shapes]) / 2
    return np.concatenate([centres - halves, centres + halves], axis=-1).reshape(-1, 4)


def _level(height: int, width: int, stride: int) -> np.ndarray:
    rows = (np.arange(height // stride) + 0.5) * stride
    columns = (np.arange(width // stride) + 0.5) * stride
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    half = SIDE_IN_STRIDES * stride / 2
    pixels = np.stack([y - half, x - half, y + half, x + half], axis=1)
    return pixels / np.array([height, width, height, width])
