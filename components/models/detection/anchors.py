"""Anchor boxes: where the detector looks, one square per cell of each feature map.

One anchor per cell is enough under adaptive assignment (Zhang et al. 2020, arXiv:1912.02424, table 5).
"""

from dataclasses import dataclass

import numpy as np

STRIDES = (8, 16, 32)
# Side of an anchor in strides: 40, 80 and 160 pixels. Adaptive assignment is robust to this choice (ibid., table 6).
SIDE_IN_STRIDES = 5.0


@dataclass(frozen=True)
class Anchors:
    """All anchors of an image size.

    Attributes:
        boxes: float32 [A, 4], [ymin, xmin, ymax, xmax], 0..1 and beyond at the edges.
        level_sizes: number of anchors of each feature map, in the order of `STRIDES`; they add up to A.
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


def _level(height: int, width: int, stride: int) -> np.ndarray:
    rows = (np.arange(height // stride) + 0.5) * stride
    columns = (np.arange(width // stride) + 0.5) * stride
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    half = SIDE_IN_STRIDES * stride / 2
    pixels = np.stack([y - half, x - half, y + half, x + half], axis=1)
    return pixels / np.array([height, width, height, width])
