"""What a frozen backbone makes of images, computed once: the baselines learn from it and never touch the backbone."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...data.images import open_rgb, read_image
from ...data.items import Box, Item
from ...data.progress import Progress
from ...models.backbones import Backbone
from ...models.image_input import scaled
from ...models.training import settle_norms

BATCH = 32
CALIBRATION_IMAGES = 64
# How much larger than the box's longer side a crop is: the edge of a thing belongs to its shape.
CONTEXT = 1.1


def freeze(backbone: Backbone, images: NDArray[np.uint8]) -> None:
    """Freezes a backbone; one that knows nothing first gets the statistics of these images.

    Untrained layers otherwise pass on signals of any size, and nothing mends that in a frozen network.

    Args:
        backbone: changed in place.
        images: uint8 [N, H, W, 3], of the training split.
    """
    if not backbone.is_pretrained:
        settle_norms(backbone.network, [scaled(images[:CALIBRATION_IMAGES])])
    backbone.network.trainable = False


def feature_maps(network: keras.Model, images: NDArray[np.uint8], folder: Path) -> list[NDArray[np.float16]]:
    """The outputs of a network for all images, kept on disk.

    Args:
        network: from float32 [N, H, W, 3] to one or several outputs.
        images: uint8 [N, H, W, 3].
        folder: where the arrays' files are put.

    Returns:
        One memory-mapped float16 [N, ...] per output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outputs = keras.tree.flatten(network.compute_output_spec(keras.KerasTensor((1, *images.shape[1:]))))
    maps: list[NDArray[np.float16]] = [
        np.lib.format.open_memmap(folder / f"map_{level}.npy", "w+", np.float16, (len(images), *output.shape[1:]))
        for level, output in enumerate(outputs)
    ]
    progress = Progress("features", "images", len(images))
    for start in range(0, len(images), BATCH):
        batch = scaled(images[start : start + BATCH])
        for level, values in enumerate(keras.tree.flatten(network.predict_on_batch(batch))):
            maps[level][start : start + BATCH] = values
        progress.advance(len(batch))
    return maps


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
