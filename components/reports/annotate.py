"""Predictions drawn on whole pictures, for people: boxes with labels, or the labels alone."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from PIL import Image, ImageColor, ImageDraw, ImageFont

from .pictures import PredictedBox

# As distinct as so many can be (https://sashamaps.net/docs/resources/20-colors/): those that stand out on any picture,
# and those that are taken after them.
# fmt: off
_VIVID = ("#e6194b", "#3cb44b", "#ffe119", "#4363d8", "#f58231", "#911eb4", "#42d4f4", "#f032e6", "#bfef45")
_PALE = ("#469990", "#fabed4", "#9a6324", "#dcbeff", "#aaffc3", "#808000", "#ffd8b1", "#fffac8")
# fmt: on
# Pillow's own font is the same everywhere, but knows ASCII only.
_FONTS = ("NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "DejaVuSans.ttf", "arial.ttf", "Arial.ttf")
# Below this, letters are illegible: smaller pictures are enlarged.
_MIN_SIDE = 320

Corners = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass
class Annotator:
    """Draws on pictures, a label in the same colour on all of them.

    A colour follows from the label's own letters, and from the labels before only where two of them would share one.
    """

    _colours: dict[str, str] = field(default_factory=dict)

    def boxes(self, picture: Image.Image, boxes: Sequence[PredictedBox]) -> Image.Image:
        """A copy of the picture with boxes, each with its label and confidence beside it, inside the picture."""
        canvas = _Canvas(picture)
        for box in reversed(boxes):  # the surest on top
            canvas.frame(canvas.corners(box), self._colour(box.label))
        for box in boxes:
            canvas.chip_at(canvas.corners(box), _text(box.label, box.confidence), self._colour(box.label))
        return canvas.image

    def caption(self, picture: Image.Image, labels: Sequence[tuple[str, float]]) -> Image.Image:
        """A copy of the picture with labels and their confidences in its lower left corner, the first one on top."""
        canvas = _Canvas(picture)
        for label, confidence in reversed(labels):
            canvas.chip_in_corner(_text(label, confidence), self._colour(label))
        return canvas.image

    def _colour(self, label: str) -> str:
        if label not in self._colours:
            start = int.from_bytes(hashlib.sha256(label.encode()).digest()[:4]) % len(_VIVID)
            wheel = (*_VIVID[start:], *_VIVID[:start], *_PALE)
            taken = set(self._colours.values())
            self._colours[label] = next((colour for colour in wheel if colour not in taken), wheel[0])
        return self._colours[label]


class _Canvas:
    """A picture that is drawn on; lines and letters grow with it."""

    def __init__(self, picture: Image.Image) -> None:
        larger = math.ceil(_MIN_SIDE / max(picture.size))
        self.image = picture.convert("RGB").resize((picture.width * larger, picture.height * larger))
        self._draw = ImageDraw.Draw(self.image, "RGBA")
        side = math.sqrt(self.image.width * self.image.height)
        self._line, self._letters = max(2, round(side / 180)), max(11, round(side / 38))
        self._chips: list[Corners] = []

    def corners(self, box: PredictedBox) -> Corners:
        """The corners of a box within the picture."""
        right, bottom = self.image.width - 1, self.image.height - 1
        xs = sorted(min(max(x * self.image.width, 0), right) for x in (box.xmin, box.xmax))
        ys = sorted(min(max(y * self.image.height, 0), bottom) for y in (box.ymin, box.ymax))
        return xs[0], ys[0], xs[1], ys[1]

    def frame(self, corners: Corners, colour: str) -> None:
        """Draws a box, with a dark rim that sets it off from what has its colour."""
        rim = max(1, self._line // 3)
        self._draw.rectangle(_grown(corners, rim), outline=(0, 0, 0, 110), width=self._line + 2 * rim)
        self._draw.rectangle(corners, outline=colour, width=self._line)

    def chip_at(self, corners: Corners, text: str, colour: str) -> None:
        """Draws a text at a box, where there is room: above it, below, inside; else over another one."""
        text, width, height = self._fit(text)
        left, top, right, bottom = corners
        places = [
            (left, top - height),
            (right - width, top - height),
            (left, bottom),
            (left, top),
            (left, bottom - height),
        ]
        chips = [self._inside(x, y, width, height) for x, y in places]
        is_free = [not any(_overlap(chip, other) for other in self._chips) for chip in chips]
        self._chip(chips[is_free.index(True)] if any(is_free) else chips[0], text, colour)

    def chip_in_corner(self, text: str, colour: str) -> None:
        """Draws a text in the lower left corner, on top of those that are there."""
        text, width, height = self._fit(text)
        margin = 2 * self._line
        foot = min((chip[1] for chip in self._chips), default=self.image.height - margin) - self._line
        self._chip(self._inside(margin, foot - height, width, height), text, colour)

    def _chip(self, corners: Corners, text: str, colour: str) -> None:
        self._chips.append(corners)
        self._draw.rounded_rectangle(corners, radius=self._letters / 5, fill=colour, outline=(0, 0, 0, 110))
        middle = (corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2
        self._draw.text(middle, text, fill=_readable_on(colour), font=self._font(text), anchor="mm")

    def _fit(self, text: str) -> tuple[str, float, float]:
        """A text cut to the picture's width, with the size of its chip."""
        padding = 0.8 * self._letters
        while len(text) > 1 and self._font(text).getlength(text) + padding > self.image.width:
            text = text[:-2] + "…"
        return text, self._font(text).getlength(text) + padding, 1.5 * self._letters

    def _inside(self, left: float, top: float, width: float, height: float) -> Corners:
        left = max(0, min(left, self.image.width - 1 - width))
        top = max(0, min(top, self.image.height - 1 - height))
        return left, top, left + width, top + height

    def _font(self, text: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return _font(self._letters, text.removesuffix("…").isascii())


@lru_cache(maxsize=32)
def _font(size: int, is_ascii: bool) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in () if is_ascii else _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue  # not on this machine
    return ImageFont.load_default(size)


def _text(label: str, confidence: float) -> str:
    return f"{' '.join(label.split())} {confidence:.0%}"


def _readable_on(colour: str) -> str:
    """Black or white, by the luma of ITU-R BT.601."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"


def _grown(corners: Corners, by: float) -> Corners:
    left, top, right, bottom = corners
    return left - by, top - by, right + by, bottom + by


def _overlap(one: Corners, other: Corners) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
