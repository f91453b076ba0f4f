"""At what size a detector sees images whose objects are small."""

from collections.abc import Sequence

import numpy as np

from ...data.items import Item

# Most objects should be at least so large, in pixels: the side of the smallest anchor of SSDLite at its usual size.
LEAST_SIDE = 32
SMALL_SHARE = 0.25  # of the boxes, which may be smaller
# Each step costs as many times more as the image has more pixels.
LARGEST = 1.6  # times the usual size
_MULTIPLE = 32


def fitting_image_size(items: Sequence[Item], usual: int) -> int:
    """The size at which three quarters of the boxes are not too small to be seen, as far as that is affordable.

    Args:
        items: to learn from, with a usable box among them.
        usual: height and width in pixels that the network is meant for.

    Returns:
        `usual`, or a larger multiple of 32, up to `LARGEST` times it.
    """
    sides = [((box.xmax - box.xmin) * (box.ymax - box.ymin)) ** 0.5 for item in items for box in item.usable_boxes()]
    wanted = LEAST_SIDE / float(np.quantile(sides, SMALL_SHARE))
    return int(np.clip(-(-wanted // _MULTIPLE) * _MULTIPLE, usual, usual * LARGEST // _MULTIPLE * _MULTIPLE))
