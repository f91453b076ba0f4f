"""What boxes show, cut out of their images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...data.images import open_rgb, read_image
from ...data.items import Box, Item
from ...data.progress import Progress

# How much larger than the box's longer side a crop is: the edge of a thing belongs to its shape.
CONTEXT = 1.1


def box_crops(items: Sequence[Item], side: int) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """What is in the items' usable boxes, as squares with a little of their surroundings.

    Args:
        items: images with boxes.
        side: of a square, in pixels.

    Returns:
        uint8 [B, side, side, 3], and where each comes from: (place in `items`, place in the item's boxes).
    """
    crops, places = [], []
    progress = Progress("crops", "images", len(items))
    for index, item in enumerate(items):
        picture = open_rgb(read_image(item))
        for number, box in item.indexed_usable_boxes():
            crops.append(_square(picture, box, side))
            places.append((index, number))
        progress.advance()
    return np.stack(crops) if crops else np.empty((0, side, side, 3), np.uint8), places


def _square(picture: Image.Image, box: Box, side: int) -> NDArray[np.uint8]:
    centre = (box.xmin + box.xmax) / 2 * picture.width, (box.ymin + box.ymax) / 2 * picture.height
    half = max((box.xmax - box.xmin) * picture.width, (box.ymax - box.ymin) * picture.height) / 2 * CONTEXT
    frame = (
        max(centre[0] - half, 0),
        max(centre[1] - half, 0),
        min(centre[0] + half, picture.width),
        min(centre[1] + half, picture.height),
    )
    return np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, frame))


def even_out(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Takes brightness and contrast out of each crop: float32 [B, side, side, 3], mean 0, deviation 0.5."""
    values = crops.astype(np.float32)
    values -= values.mean((1, 2, 3), keepdims=True)
    return 0.5 * values / (values.std((1, 2, 3), keepdims=True) + 1e-3)
