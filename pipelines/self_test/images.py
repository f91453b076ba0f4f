"""Faults of images and of their labels."""

import io
from collections.abc import Iterator
from dataclasses import replace

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from .pictures import Change, Pictures
from .planting import CannotPlantError, Planted

WRONG_LABELS = 0.05
_DARK, _BRIGHTER = 0.08, 1.1
_BLUR = 0.02  # of the longer side
_JPEG_QUALITY = 75


def wrong_label(data: Pictures) -> Iterator[Planted]:
    """Gives images another of the labels; not where some have several, whose labels the gate does not judge."""
    if any(len(set(item.labels)) > 1 for item in data.items):
        raise CannotPlantError("Images have several labels, and labels are judged where an item has exactly one.")
    for place in data.victims.take(data.victims.share(WRONG_LABELS)):
        item = data.items[place]
        wrong = data.another_label(item.labels)
        data.items[place] = replace(item, labels=[wrong, *item.labels[1:]])
        yield Planted("wrong_label", (place + 1,))


def label_missing(data: Pictures) -> Iterator[Planted]:
    """Takes labels away."""
    for place in data.victims.take(data.victims.few):
        data.items[place] = replace(data.items[place], labels=[])
        yield Planted("label_missing", (place + 1,))


def undecodable_image(data: Pictures) -> Iterator[Planted]:
    """Cuts files in half, as a broken upload does."""
    for place in data.victims.take(data.victims.few):
        data.rewrite(place, lambda file: file[: len(file) // 2])
        yield Planted("undecodable_image", (place + 1,))


def dark_image(data: Pictures) -> Iterator[Planted]:
    """Takes nearly all light away."""
    yield from _redrawn(data, "dark_image", lambda image: ImageEnhance.Brightness(image).enhance(_DARK))


def blurry_image(data: Pictures) -> Iterator[Planted]:
    """Puts images out of focus."""
    yield from _redrawn(
        data, "blurry_image", lambda image: image.filter(ImageFilter.GaussianBlur(max(2.0, _BLUR * max(image.size))))
    )


def low_information_image(data: Pictures) -> Iterator[Planted]:
    """Leaves nothing but a smudge, at another place in each."""

    def blank(image: Image.Image) -> Image.Image:
        page = Image.new("RGB", image.size, (128, 128, 128))
        side = 0.08 * min(image.size)
        left, top = (data.rng.uniform(0, length - side) for length in image.size)
        ImageDraw.Draw(page).ellipse((left, top, left + side, top + side), (70, 70, 70))
        return page

    yield from _redrawn(data, "low_information_image", blank)


def duplicate(data: Pictures) -> Iterator[Planted]:
    """Adds copies of training images to train."""
    for place in data.victims.take(data.victims.few):
        yield Planted("duplicate", data.add_copy(place, "train"))


def near_duplicate(data: Pictures) -> Iterator[Planted]:
    """Adds copies of training images to train, in turn compressed once more and brightened."""
    for number, place in enumerate(data.victims.take(data.victims.few)):
        lines = data.add_copy(place, "train", _brightened if number % 2 else _compressed)
        yield Planted("near_duplicate", lines)


def split_overlap(data: Pictures) -> Iterator[Planted]:
    """Adds copies of training images to test, in turn as they are and compressed once more."""
    for number, place in enumerate(data.victims.take(data.victims.few)):
        yield Planted("split_overlap", data.add_copy(place, "test", _compressed if number % 2 else None))


def _redrawn(data: Pictures, rule: str, change: Change) -> Iterator[Planted]:
    for place in data.victims.take(data.victims.few):
        data.redraw(place, change)
        yield Planted(rule, (place + 1,))


def _brightened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(_BRIGHTER)


def _compressed(image: Image.Image) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=_JPEG_QUALITY)
    return Image.open(io.BytesIO(data.getvalue()))
