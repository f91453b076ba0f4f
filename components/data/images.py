"""Reading and decoding the image of an item."""

import hashlib
import io
import re
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..errors import InputError
from . import storage
from .items import Item

# 192 MB when decoded to RGB; larger ones are taken for decompression bombs.
MAX_PIXELS = 64_000_000

_JPEG, _SCAN = b"\xff\xd8\xff", b"\xff\xda"
_MOST_SCANS = 100
# Stuffed and fill bytes, restarts, and markers that stand alone.
_WITHOUT_LENGTH = (0x00, 0x01, *range(0xD0, 0xD9), 0xFF)
_ICON = b"\0\0\1\0"
_PNG_HEADER = re.compile(rb"\x89PNG\r\n\x1a\n.{4}IHDR(.{8})", re.DOTALL)

# Pillow knows many more, some of which start other programs (Ghostscript for EPS).
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "ICO", "WEBP", "TIFF")

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ico", ".webp", ".tif", ".tiff")


class ImageError(InputError):
    """Bytes that are not a readable image.

    Attributes:
        reason: `undecodable_image` or `too_large`.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_image(item: Item) -> bytes:
    """The image file of an item.

    Raises:
        InputError: it is gone, or is no longer the file that was imported.
    """
    try:
        data = storage.read_bytes(item.uri)
    except OSError as error:
        raise InputError(
            f"{item.uri} ({item.source}) cannot be read any more: {error}. Import the data again."
        ) from error
    if hashlib.sha256(data).hexdigest() != item.sha256:
        raise InputError(f"{item.uri} ({item.source}) has changed since it was imported. Import the data again.")
    return data


def decode(data: bytes, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """Decodes an image file to pixels.

    EXIF orientation is ignored, as `tf.io.decode_jpeg` does; of an animation it is the first frame.

    Args:
        data: content of a JPEG, PNG, GIF, BMP, ICO, WebP or TIFF file.
        max_pixels: larger images are refused before they are decoded; `MAX_PIXELS` where not given.

    Returns:
        uint8 [height, width, 3], RGB, read-only.

    Raises:
        ImageError: it is no image, is cut short, or has more than `max_pixels` pixels.
    """
    return np.asarray(open_rgb(data, max_pixels))


def open_rgb(data: bytes, max_pixels: int | None = None) -> Image.Image:
    """Decodes an image file to a Pillow image of mode RGB; see `decode`.

    Raises:
        ImageError: as `decode`.
    """
    most = MAX_PIXELS if max_pixels is None else max_pixels
    try:
        _check_icon(data, most)
        check_scans(data)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_size(image.width, image.height, most)
            return _eight_bits(image).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_large", f"at most {most:,} pixels are read: {error}") from error
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError("undecodable_image", "the file is empty" if not data else "not an image") from error
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them to.
        raise ImageError("undecodable_image", f"not a whole image: {error}") from error


def check_size(width: int, height: int, most: int) -> None:
    """Raises ImageError for more than `most` pixels."""
    if width * height > most:
        raise ImageError("too_large", f"{width} x {height} pixels, at most {most:,} are read")


def check_scans(data: bytes) -> None:
    """Raises ImageError for a JPEG of very many scans: each costs some thirty bytes, and a pass over all pixels.

    https://bugzilla.redhat.com/show_bug.cgi?id=1344214, which says that no application needs more than 100.
    """
    if data.startswith(_JPEG) and data.count(_SCAN) > _MOST_SCANS and _scans(data) > _MOST_SCANS:
        raise ImageError("too_large", f"a JPEG of more than {_MOST_SCANS} scans: save it again")


def _scans(data: bytes) -> int:
    """The scans of a JPEG; the bytes of their marker may stand within other segments, or behind the picture's end."""
    count, at = 0, len(_JPEG) - 1
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 3 and data[at + 1] != 0xD9:
        if data[at + 1] in _WITHOUT_LENGTH:
            at += 1
            continue
        count += data[at : at + 2] == _SCAN
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return count


def _check_icon(data: bytes, most: int) -> None:
    """Looks at the PNG files in an ICO file, of which Pillow decodes one before it says how large it is."""
    if data.startswith(_ICON):
        for header in _PNG_HEADER.finditer(data):
            check_size(*struct.unpack(">II", header[1]), most)


def _eight_bits(image: Image.Image) -> Image.Image:
    """The upper half of 16-bit greys, which Pillow's own conversion would clip to white."""
    if image.mode in ("I", "F"):
        raise ImageError(
            "undecodable_image", "32-bit pixels, whose black and white are not defined: store 8 or 16 bits"
        )
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image
