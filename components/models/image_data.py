"""Images decoded once to one size, for training: an array on disk that the operating system pages in."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.images import decode, read_image
from ..data.items import Item
from ..data.progress import Progress

THREADS = 4  # decoding releases the interpreter's lock; reading from a bucket waits


def decode_images(items: Sequence[Item], height: int, width: int, folder: Path) -> NDArray[np.uint8]:
    """Decodes and resizes the images of items, aspect ratio not kept, as the exported model does.

    Args:
        items: N items.
        height: pixels.
        width: pixels.
        folder: where the array's file is put; it may be deleted afterwards.

    Returns:
        uint8 [N, height, width, 3], memory-mapped: N * height * width * 3 bytes of disk and no more memory than free.

    Raises:
        InputError: an image is gone or has changed since it was imported.
    """
    if not items:
        return np.empty((0, height, width, 3), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.lib.format.open_memmap(
        folder / "pixels.npy", "w+", dtype=np.uint8, shape=(len(items), height, width, 3)
    )
    progress = Progress("decode", "images", len(items))
    with ThreadPoolExecutor(THREADS) as pool:
        for index, image in enumerate(pool.map(lambda item: _decode_resized(item, height, width), items)):
            pixels[index] = image
            progress.advance()
    return pixels


def _decode_resized(item: Item, height: int, width: int) -> NDArray[np.uint8]:
    image = tf.image.resize(decode(read_image(item)), (height, width))
    return tf.cast(tf.round(image), tf.uint8).numpy()
