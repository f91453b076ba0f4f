"""Images decoded once to one size, for training: an array on disk that the operating system pages in."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.images import decode, read_image
from ..data.items import Item
from ..data.progress import Progress
from .image_input import resized
from .training import batch_indices

THREADS = 4  # decoding releases the interpreter's lock; reading from a bucket waits


def decode_images(items: Sequence[Item], size: int, folder: Path) -> NDArray[np.uint8]:
    """Decodes and resizes the images of items, aspect ratio not kept, as the exported model does.

    Args:
        items: N items.
        size: height and width, in pixels.
        folder: where the array's file is put; it may be deleted afterwards.

    Returns:
        uint8 [N, size, size, 3], memory-mapped: N * size * size * 3 bytes of disk and no more memory than free.

    Raises:
        InputError: an image is gone or has changed since it was imported.
    """
    if not items:
        return np.empty((0, size, size, 3), np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", dtype=np.uint8, shape=(len(items), size, size, 3))
    progress = Progress("decode", "images", len(items))
    with ThreadPoolExecutor(THREADS) as pool:
        for index, image in enumerate(pool.map(lambda item: _decode_resized(item, size), items)):
            pixels[index] = image
            progress.advance()
    return pixels


def some_batches(images: NDArray[np.uint8], seed: int, count: int = 12, size: int = 16) -> Iterator[NDArray[np.uint8]]:
    """Yields a few random batches of images, uint8 [size, H, W, 3], in an order that only the seed decides."""
    for chosen in batch_indices(len(images), size, count, seed):
        yield images[chosen]


def _decode_resized(item: Item, size: int) -> NDArray[np.uint8]:
    image = resized(decode(read_image(item))[None], size)[0]
    return tf.cast(tf.round(image), tf.uint8).numpy()
