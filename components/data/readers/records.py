"""What every reader of images yields: records as the data give them, before any image is opened."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..items import Box, Reject


@dataclass(frozen=True, slots=True)
class Record:
    """What the data say of one image.

    Attributes:
        id: path relative to the import file or folder, or the URI of an image elsewhere.
        uri: absolute path or `gs://` URI of the image.
        source: file and line that say it.
        ml_use: split that the data name, or "".
        labels: of the whole image.
        boxes: labelled boxes.
        in_pixels: whether the boxes are in pixels (0 at the left or upper edge of the image), not in fractions.
    """

    id: str
    uri: str
    source: str
    ml_use: str = ""
    labels: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    in_pixels: bool = False


@dataclass(frozen=True)
class Records:
    """A stream of records, in the order of the data.

    Attributes:
        total: about how many there are, for progress lines.
        stream: the records, and what could not be read.
    """

    total: int
    stream: Iterable[Record | Reject]


def finite_number(value: str | float, name: str) -> float:
    """A coordinate as a number.

    Raises:
        ValueError: it is none, or not finite; names it.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r}, not a number")
    return number
