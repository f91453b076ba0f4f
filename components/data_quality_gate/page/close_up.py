"""Close-ups: the part of an image around one box, for the page."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...data.images import decode, read_image
from ...data.items import Box, Item
from ...reports.pictures import PredictedBox, thumbnail
from ..findings import Case

_SIDE = 240
# A close-up is this many times as long as the box, and at least this share of the image's shorter side.
_ZOOM_OUT = 3.0
_SMALLEST_PART = 0.3
# A longer or wider image is shown with room around it, or its picture would be all the page.
_LONGEST_SHAPE = 2.0
_ROOM = 128  # grey
# A box without an inside is drawn this large, as a share of the image, or it could not be seen.
_SMALLEST_DRAWN = 0.012

_AnyBox = TypeVar("_AnyBox", Box, PredictedBox)


def picture(item: Item, case: Case, caption: str) -> dict[str, Any]:
    """Arguments of the macro `picture` for a case: a close-up where it is of one box, or else the whole image."""
    labelled = [item.boxes[case.box]] if case.box >= 0 else item.usable_boxes()
    proposed = [case.proposal] if case.proposal else []
    centre = labelled[0] if case.box >= 0 else case.proposal
    part = _part_around(centre, item) if centre else _whole(item)
    return _drawn(item, part, labelled, proposed, caption)


def whole_picture(item: Item, caption: str) -> dict[str, Any]:
    """Arguments of the macro `picture` for an image with its boxes."""
    return _drawn(item, _whole(item), item.usable_boxes(), [], caption)


def _drawn(
    item: Item, part: Box, labelled: Iterable[Box], proposed: Iterable[PredictedBox], caption: str
) -> dict[str, Any]:
    return {
        "uri": thumbnail(_crop(item, part), _SIDE),
        "true_boxes": list(_seen_in(part, labelled)),
        "predicted_boxes": list(_seen_in(part, proposed)),
        "caption": caption,
    }


def _whole(item: Item) -> Box:
    """The whole image; where it is a strip, with room around it."""
    across = max(item.height / item.width / _LONGEST_SHAPE, 1.0)
    down = max(item.width / item.height / _LONGEST_SHAPE, 1.0)
    return Box("", (1 - across) / 2, (1 - down) / 2, (1 + across) / 2, (1 + down) / 2)


def _part_around(box: Box | PredictedBox, item: Item) -> Box:
    """The part of the image to show around a box, in fractions of the image: a square of pixels where that fits."""
    longest = max(abs(box.xmax - box.xmin) * item.width, abs(box.ymax - box.ymin) * item.height)
    side = max(_ZOOM_OUT * longest, _SMALLEST_PART * min(item.width, item.height))
    xmin, xmax = _span_around((box.xmin + box.xmax) / 2, side / item.width)
    ymin, ymax = _span_around((box.ymin + box.ymax) / 2, side / item.height)
    return Box("", xmin, ymin, xmax, ymax)


def _span_around(centre: float, length: float) -> tuple[float, float]:
    length = min(length, 1.0)
    start = min(max(centre - length / 2, 0.0), 1.0 - length)
    return start, start + length


def _crop(item: Item, part: Box) -> NDArray[np.uint8]:
    image = decode(read_image(item))
    height, width = image.shape[:2]
    top, bottom = math.floor(part.ymin * height), math.ceil(part.ymax * height)
    left, right = math.floor(part.xmin * width), math.ceil(part.xmax * width)
    inside = image[max(top, 0) : bottom, max(left, 0) : right]
    room = np.array([(max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0)), (0, 0)])
    if not room.any():
        return inside
    # Thinned first: the room around a long strip may be larger than memory.
    step = max(max(bottom - top, right - left) // (4 * _SIDE), 1)
    return np.pad(inside[::step, ::step], room // step, constant_values=_ROOM)


def _seen_in(part: Box, boxes: Iterable[_AnyBox]) -> Iterable[_AnyBox]:
    """Yields the boxes that show in a part of the image, in fractions of the part; a faulty one is made visible."""
    for box in boxes:
        xmin, xmax = _span_in(part.xmin, part.xmax, box.xmin, box.xmax)
        ymin, ymax = _span_in(part.ymin, part.ymax, box.ymin, box.ymax)
        if xmin < 1 and xmax > 0 and ymin < 1 and ymax > 0:
            yield replace(box, xmin=xmin, ymin=ymin, xmax=xmax, ymax=ymax)


def _span_in(start: float, end: float, low: float, high: float) -> tuple[float, float]:
    low, high = sorted(((low - start) / (end - start), (high - start) / (end - start)))
    return low, max(high, low + _SMALLEST_DRAWN)
