"""Near duplicates among images: perceptual hashes propose, pixels decide.

The importer's 64-bit perceptual hashes (imagehash.phash) that differ in at most four bits agree in at least one of
five bands of bits (pigeonhole principle), so only images that share a band are looked at, and with a limited number of
them each is compared: no quadratic search. Alike hashes prove little on scenes that are mostly background, so each
proposed pair is then compared in pixels.
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
# compressed, resized, brightened or made noisy stays within it; where an object differs, pixels of it do not. So do
# colours, which are compared in coarser pictures, since compression blurs them.
MAX_DIFFERENCE = 24.0
_COLOUR_SIDE = 8
_CACHED_FINGERPRINTS = 20_000  # of 17 KiB each

# A fixed camera gives the same hash to everything: no image is compared with more of them than this.
_MOST_COMPARED = 200

# A small grey picture, float32 [64, 64], and its colours (Cb, Cr), float32 [8, 8, 2].
Fingerprint = tuple[NDArray[np.float32], NDArray[np.float32]]


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
    def fingerprint(place: int) -> Fingerprint:
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
        for earlier in sorted(proposed)[:_MOST_COMPARED]:
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


def _fingerprint(image: NDArray[np.uint8]) -> Fingerprint:
    """What is compared of an image: without its mean brightness, unless that is all there is, as of a blank page."""
    small = Image.fromarray(image).convert("YCbCr").resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    grey = np.asarray(small, np.float32)[..., 0]
    colours = np.asarray(small.resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BOX), np.float32)[..., 1:]
    details = grey - grey.mean()
    return details if np.abs(details).max() > MAX_DIFFERENCE else grey, colours


def _alike(one: Fingerprint, other: Fingerprint) -> bool:
    return all(np.abs(a - b).max() <= MAX_DIFFERENCE for a, b in zip(one, other, strict=True))
