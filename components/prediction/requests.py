"""Images as prediction services take them: tf.train.Example, JSON lines, bodies of requests."""

import io
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from PIL import Image

from ..errors import InputError
from .decode import decode
from .examples import ENCODED_IMAGE, KEY, serialized

# What an endpoint takes that is not a dedicated one: https://cloud.google.com/vertex-ai/docs/predictions/get-online-predictions
MAX_BODY_BYTES = 1_500_000

_HEAD, _TAIL = b'{"instances":[', b"]}"
# All servers of models decode these two.
_SIGNATURES = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png"}


@dataclass(frozen=True)
class Resizing:
    """What pictures are resized to.

    Attributes:
        width: in pixels; 0 to keep the shape.
        height: the same.
        longest: side in pixels that no picture is larger than, its shape kept; 0 where width and height are given.
        quality: of the JPEG that a resized picture is written as, 1..95.
    """

    width: int = 0
    height: int = 0
    longest: int = 0
    quality: int = 90

    @classmethod
    def of(cls, text: str, quality: int) -> "Resizing":
        """Understands `640x480` (width and height) and `640` (longest side).

        Raises:
            InputError: it is neither, or the quality is out of range.
        """
        match = re.fullmatch(r"([1-9]\d{0,4})(?:x([1-9]\d{0,4}))?", text)
        if not match:
            raise InputError(f"size {text!r}: give WIDTHxHEIGHT such as 640x480, or the longest side such as 1024")
        if not 1 <= quality <= 95:
            raise InputError(f"quality {quality}: give 1 to 95")
        first, second = int(match[1]), int(match[2] or 0)
        return cls(first, second, quality=quality) if second else cls(longest=first, quality=quality)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height that a picture of these is to have."""
        if not self.longest:
            return self.width, self.height
        share = min(1.0, self.longest / max(width, height))
        return max(1, round(width * share)), max(1, round(height * share))


@dataclass(frozen=True)
class EncodedImage:
    """A picture in a format that servers decode.

    Attributes:
        data: the file.
        format: `jpeg` or `png`.
        width: in pixels.
        height: in pixels.
    """

    data: bytes
    format: str
    width: int
    height: int


def encoded(data: bytes, resizing: Resizing | None = None) -> EncodedImage:
    """Makes an image file ready to be sent.

    A JPEG or PNG file of the wanted size stays as it is, to the byte. Files of other formats become PNG, with the same
    pixels; resized pictures become JPEG.

    Args:
        data: an image file.
        resizing: None to keep the size.

    Raises:
        ImageError: it is no whole image, or has too many pixels.
    """
    pixels = decode(data)
    height, width = pixels.shape[:2]
    size = resizing.size(width, height) if resizing else (width, height)
    known = next((name for start, name in _SIGNATURES.items() if data.startswith(start)), "")
    if size == (width, height) and known:
        return EncodedImage(data, known, width, height)
    file, picture = io.BytesIO(), Image.fromarray(pixels)
    if resizing and size != (width, height):
        picture.resize(size, Image.Resampling.LANCZOS).save(file, "JPEG", quality=resizing.quality)
        return EncodedImage(file.getvalue(), "jpeg", *size)
    picture.save(file, "PNG")
    return EncodedImage(file.getvalue(), "png", width, height)


def example(key: str, image: EncodedImage) -> bytes:
    """A serialized tf.train.Example with the features of the TF Object Detection API, and `key`.

    https://github.com/tensorflow/models/blob/master/research/object_detection/g3doc/using_your_own_dataset.md
    """
    return serialized(
        {
            ENCODED_IMAGE: image.data,
            "image/format": image.format,
            "image/filename": key,
            "image/source_id": key,
            "image/width": image.width,
            "image/height": image.height,
            KEY: key,
        }
    )


def instance(key: str, image: EncodedImage) -> bytes:
    """An instance in JSON: {"key": ..., "b64": ...}."""
    return orjson.dumps({"key": key, "b64": b64encode(image.data).decode()})


def check_fits(instance: bytes) -> None:
    """Raises InputError for an instance that no request can hold."""
    size = len(_HEAD) + len(instance) + len(_TAIL)
    if size > MAX_BODY_BYTES:
        raise InputError(f"a request with it has {size:,} bytes, and at most {MAX_BODY_BYTES:,} are taken: give --size")


def bodies(instances: Iterable[bytes]) -> Iterator[bytes]:
    """Yields bodies of requests, {"instances": [...]}, with as many instances as fit, in their order.

    Args:
        instances: in JSON, each of which fits.
    """
    waiting: list[bytes] = []
    size = len(_HEAD) + len(_TAIL)
    for each in instances:
        if waiting and size + len(each) + 1 > MAX_BODY_BYTES:
            yield _HEAD + b",".join(waiting) + _TAIL
            waiting, size = [], len(_HEAD) + len(_TAIL)
        waiting.append(each)
        size += len(each) + 1
    if waiting:
        yield _HEAD + b",".join(waiting) + _TAIL
