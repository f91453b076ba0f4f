"""Images decoded once to one size, for training: an array on disk that the operating system pages in."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.images import decode, read_image
from ..data.items import Item
from ..data.progress import Progress
from ..errors import InputError
from .cache import check_room, computed_once, key
from .image_input import resized
from .training import batch_indices

THREADS = 4  # decoding releases the interpreter's lock; reading from a bucket waits
# An image takes up to twenty bytes of memory for each of its pixels until it is resized: larger ones go one by one.
LARGE_PIXELS = 12_000_000
SAID = 10  # unreadable images that are named; the others are counted

_large_images = threading.Lock()


def decode_images(items: Sequence[Item], size: int, folder: Path) -> tuple[list[Item], NDArray[np.uint8]]:
    """Decodes and resizes the images of items, aspect ratio not kept, as the exported model does.

    Images that are gone, or have changed since they were imported, are set aside and named in the log.

    Args:
        items: N items.
        size: height and width, in pixels.
        folder: where the array's files are put, on this machine. They are found again there by a later call for the
            same images, and so are the ones that were set aside: a training that goes on has the data it began with.

    Returns:
        The K items that could be read, and their pixels, uint8 [K, size, size, 3], read-only and memory-mapped:
        N * size * size * 3 bytes of disk and no more memory than free.

    Raises:
        InputError: none of the images can be read.
    """
    if not items:
        return [], np.empty((0, size, size, 3), np.uint8)
    name = f"pixels-{size}-{key(item.sha256 for item in items)}"
    place = computed_once(folder / name, lambda aside: _decode_to(items, size, aside))
    unreadable = json.loads((place / "unreadable.json").read_text())
    _say(list(unreadable.values()), len(items))
    kept = [item for index, item in enumerate(items) if str(index) not in unreadable]
    return kept, np.load(place / "pixels.npy", mmap_mode="r", allow_pickle=False)[: len(kept)]


def some_batches(images: NDArray[np.uint8], seed: int, count: int = 12, size: int = 16) -> Iterator[NDArray[np.uint8]]:
    """Yields a few random batches of images, uint8 [size, H, W, 3], in an order that only the seed decides."""
    for chosen in batch_indices(len(images), size, count, seed):
        yield images[chosen]


def _decode_to(items: Sequence[Item], size: int, folder: Path) -> None:
    """Writes `pixels.npy`, whose first rows are the readable images, and `unreadable.json`: reasons by place."""
    check_room(folder, len(items) * size * size * 3)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", dtype=np.uint8, shape=(len(items), size, size, 3))

    def decode_one(index: int) -> str:
        try:
            pixels[index] = _decode_resized(items[index], size)
        except InputError as error:
            return str(error)
        return ""

    progress = Progress("decode", "images", len(items))
    unreadable, row = {}, 0
    with ThreadPoolExecutor(THREADS) as pool:
        for index, reason in enumerate(pool.map(decode_one, range(len(items)))):
            if reason:
                unreadable[index] = reason
            elif row < index:
                pixels[row] = pixels[index]
            row += not reason
            progress.advance()
    if not row:
        raise InputError(f"none of the {len(items)} images can be read; the first: {unreadable[0]}")
    pixels.flush()
    (folder / "unreadable.json").write_text(json.dumps(unreadable))


def _decode_resized(item: Item, size: int) -> NDArray[np.uint8]:
    with _large_images if item.width * item.height > LARGE_PIXELS else nullcontext():
        image = resized(decode(read_image(item))[None], size)[0]
    return tf.cast(tf.round(image), tf.uint8).numpy()


def _say(reasons: list[str], count: int) -> None:
    for reason in reasons[:SAID]:
        print(f"decode: set aside: {reason}", flush=True)
    if reasons:
        print(f"decode: {len(reasons):,} of {count:,} images cannot be read and are set aside", flush=True)
