"""Near duplicates among images: perceptual hashes propose, pixels decide.

The importer's 64-bit perceptual hashes (imagehash.phash) that differ in at most four bits agree in at least one of
five bands of bits (pigeonhole principle), so only images that share a band are compared: no quadratic search. Alike
hashes prove little on scenes that are mostly background, so each proposed pair is then compared in pixels.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from ...data.images import decode, read_image
from ...data.items import Item

# What an `Item` needs to be read again.
COLUMNS = ("id", "uri", "source", "sha256", "ml_use", "width", "height", "phash")

MAX_HASH_DISTANCE = 4
_BAND_BITS = (13, 13, 13, 13, 12)

_SIDE = 64
# Of any pixel of the small pictures, in grey values of 0..255, after the mean brightness is taken out. A copy that was
# compressed, resized, brightened or made noisy stays within it; where an object differs, pixels of it do not.
MAX_DIFFERENCE = 24.0
_CACHED_FINGERPRINTS = 20_000


def near_twins(images: pa.Table) -> Iterator[tuple[int, int]]:
    """Yields (place, earlier place) for images that nearly repeat an earlier one, at most one per split.

    An image with a twin in its own split is not compared further: the twin stands for it, so that a thousand blank
    pages take a thousand comparisons.

    Args:
        images: `COLUMNS` and `split`, one row per image.

    Raises:
        InputError: an image has changed since the import.
    """

    @lru_cache(_CACHED_FINGERPRINTS)
    def fingerprint(place: int) -> NDArray[np.float32]:
        item = Item(**images.select(COLUMNS).slice(place, 1).to_pylist()[0])
        return _fingerprint(decode(read_image(item)))

    hashes = [int(code, 16) for code in images["phash"].to_pylist()]
    splits = images["split"].to_pylist()
    places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place, code in enumerate(hashes):
        bands = list(_bands(code))
        proposed = {
            earlier
            for band in bands
            for earlier in places[band]
            if (code ^ hashes[earlier]).bit_count() <= MAX_HASH_DISTANCE
        }
        twins: dict[str, int] = {}
        for earlier in sorted(proposed):
            if splits[earlier] not in twins and _alike(fingerprint(place), fingerprint(earlier)):
                twins[splits[earlier]] = earlier
        yield from ((place, earlier) for earlier in twins.values())
        if splits[place] not in twins:
            for band in bands:
                places[band].append(place)


def _bands(code: int) -> Iterator[tuple[int, int]]:
    """(which band, its bits) of a 64-bit hash."""
    for number, bits in enumerate(_BAND_BITS):
        yield number, code & ((1 << bits) - 1)
        code >>= bits


def _fingerprint(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A small grey picture of an image without its mean brightness: float32 [64, 64]."""
    small = Image.fromarray(image).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    grey = np.asarray(small, np.float32)
    return grey - grey.mean()


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.abs(one - other).max() <= MAX_DIFFERENCE)
