"""Instances: what JSON says of one thing to be predicted, in batch and online alike.

Images, each an object, with further keys left alone:
    {"b64": "..."}                             an image file in base64, as Vertex AI sends binary data to containers
    {"image_bytes": {"b64": "..."}}            the same under any name (TensorFlow Serving's form)
    {"content": "...", "mimeType": "..."}      the same, or a gs:// URI or path where files may be read (AutoML's form)
    {"image_tensor": [[[...]]]}                pixels, uint8 [H, W, 3]
Rows: an object of column name to value.

https://docs.cloud.google.com/vertex-ai/docs/predictions/get-online-predictions and
https://github.com/tensorflow/serving/blob/master/tensorflow_serving/g3doc/api_rest.md (encoding binary values)
"""

import binascii
import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import storage
from ..data.images import MAX_PIXELS, ImageError
from ..errors import InputError
from .decode import decode

_FORMS = 'give {"b64": "..."}, {"content": "..."} or {"image_tensor": [[[...]]]}'
_TENSOR = "image_tensor"

# PATH_MAX of Linux; names in Cloud Storage are shorter.
LONGEST_NAME = 4096

# The most that one record of a file may take: memory is not to grow with the input.
MAX_RECORD_BYTES = 100_000_000


def image_of(instance: Any, may_read_files: bool = False, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """The pixels of an image instance.

    Args:
        instance: a JSON value.
        may_read_files: whether it may name a file, with the rights of this process: in batch, never for strangers.
        max_pixels: larger images are refused before they are decoded; `MAX_PIXELS` where not given.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        InputError: it is none of the forms above, its base64 is bad, or its image cannot be read.
    """
    most = MAX_PIXELS if max_pixels is None else max_pixels
    data = image_file_of(instance, may_read_files)
    return _pixels(instance[_TENSOR], most) if data is None else decode(data, most)


def image_file_of(instance: Any, may_read_files: bool = False) -> bytes | None:
    """The image file in an image instance, not decoded; None where it gives pixels.

    Args:
        instance: a JSON value.
        may_read_files: as in `image_of`.

    Raises:
        InputError: as `image_of`, but for what only decoding shows.
    """
    if not isinstance(instance, Mapping):
        raise InputError(f"an instance is a JSON object, not {reprlib.repr(instance)}: {_FORMS}")
    if file := file_of(instance):
        if not may_read_files:
            raise InputError("content is no base64, and files are not read here: send the image itself in base64")
        return _read(file)
    if encoded := _base64_in(instance):
        return _decoded(*encoded)
    if _TENSOR in instance:
        return None
    raise InputError(f"the instance has no image, only {reprlib.repr(sorted(map(str, instance)))}: {_FORMS}")


def file_of(instance: Mapping[str, Any]) -> str:
    """The URI or path of the image file that an instance names; "" for one that holds its image.

    It is told from base64 by a character that this does not have, and from a data URI by its length.
    """
    content = instance.get("content")
    if not isinstance(content, str) or len(content) > LONGEST_NAME:
        return ""
    return content if "." in content or ":" in content else ""


def row_of(instance: Any) -> Mapping[str, Any]:
    """The row of a table's instance. Raises InputError where it is no object."""
    if not isinstance(instance, Mapping):
        raise InputError(f"a row is a JSON object of column name to value, not {reprlib.repr(instance)}")
    return instance


def _read(file: str) -> bytes:
    try:
        return storage.read_bytes(file)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have.
        raise InputError(f"{file} cannot be read: {error}") from error


def _base64_in(instance: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The base64 of an instance and the key that it is under."""
    for key in ("b64", "content"):
        if key in instance and not isinstance(instance[key], Mapping):
            return key, instance[key]
    nested = ((key, value["b64"]) for key, value in instance.items() if isinstance(value, Mapping) and "b64" in value)
    return next(nested, None)


def _decoded(key: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise InputError(f"{key} is {reprlib.repr(text)}, not text in base64")
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise InputError(f"{key} is not base64 (RFC 4648, with padding and without line ends): {error}") from None


def _pixels(values: Any, most: int) -> NDArray[np.uint8]:
    import pyarrow as pa  # a quarter of a worker's memory, which no other form has a use for

    try:
        pixels = pa.array(values if isinstance(values, list) else [values])
    except (pa.ArrowException, OverflowError, UnicodeError):
        raise InputError(f"{_TENSOR} is no list [height][width][3] of whole numbers") from None
    shape = [len(pixels)]
    while pa.types.is_list(pixels.type) and len(shape) <= 3:
        lengths = pixels.value_lengths().unique()
        if len(lengths) != 1 or pixels.null_count:
            raise InputError(f"{_TENSOR} has rows or pixels of different lengths: give [height][width][3]")
        shape.append(lengths[0].as_py())
        pixels = pixels.flatten()
    if len(shape) != 3 or shape[-1] != 3 or not all(shape):
        raise InputError(f"{_TENSOR} has shape {shape}: give [height, width, 3]")
    if shape[0] * shape[1] > most:
        raise ImageError("too_large", f"{shape[1]} x {shape[0]} pixels, at most {most:,} are read")
    if not pa.types.is_integer(pixels.type) or pixels.null_count:
        raise InputError(f"{_TENSOR} holds {pixels.type}: pixels are whole numbers from 0 to 255")
    numbers = pixels.to_numpy()
    if numbers.min() < 0 or numbers.max() > 255:
        raise InputError(f"{_TENSOR} holds numbers from {numbers.min()} to {numbers.max()}: pixels are 0 to 255")
    return numbers.astype(np.uint8).reshape(shape)
