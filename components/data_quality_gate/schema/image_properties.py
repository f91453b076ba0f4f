"""What images look like in numbers: measured once, judged by several checks.

The numbers are cleanvision's (https://github.com/cleanlab/cleanvision). Its `Imagelab` wants files on this disk; its
measures take a picture, which here may come from Cloud Storage.
"""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from cleanvision.issue_managers import IssueType
from cleanvision.issue_managers.image_property import (
    AspectRatioProperty,
    BrightnessProperty,
    EntropyProperty,
    ImageProperty,
    SizeProperty,
    calc_std_grayscale,
    get_edges,
)
from PIL import Image, ImageStat

from ...data.dataset import Dataset
from ...data.images import open_rgb, read_image
from ...data.items import SPLITS, Item
from ...data.progress import Progress
from ...data.threads import map_in_order

# Measures of one picture, by cleanvision's name of what they are judged for; dark and light share theirs.
PROPERTIES: dict[str, ImageProperty] = {
    IssueType.DARK.value: BrightnessProperty(IssueType.DARK.value),
    IssueType.LIGHT.value: BrightnessProperty(IssueType.LIGHT.value),
    IssueType.LOW_INFORMATION.value: EntropyProperty(),
    IssueType.ODD_SIZE.value: SizeProperty(),
    IssueType.ODD_ASPECT_RATIO.value: AspectRatioProperty(),
}
# JPEG files are decoded at a half, a quarter or an eighth of their size as long as both sides stay above this, and the
# brightness of larger pictures is measured at every n-th pixel. On photographs that moves no score by more than 0.03;
# sharpness is measured at 64 pixels anyway.
_SIDE = 112
_SIDE_FOR_SHARPNESS = 64


def measure_images(data: Dataset) -> pa.Table:
    """Measures every image of a data set, each decoded once.

    Returns:
        One row per image, training images first: `id`, `source`, `split`, and as float64 what cleanvision measures:
        `brightness` and `brightness_perc_P` (0..1, for P of 1, 5, 10, 15, 90, 95 and 99 percent of the pixels),
        `entropy` (bits), `aspect_ratio` (the short by the long side) and `size` (pixels, the root of the area); and
        `sharpness` (standard deviation of the edges, in grey values) and `grayscale_std` (of the counts of each grey,
        high for one colour). Empty for a table.

    Raises:
        InputError: an image is gone or has changed since it was imported.
    """
    if not data.task.is_image:
        return pa.table({})
    progress = Progress("gate: measure", "images", sum(data.counts.values()))
    rows = []
    for row in map_in_order(lambda each: _measured(*each), _items(data)):
        rows.append(row)
        progress.advance()
    return pa.Table.from_pylist(rows)


def _items(data: Dataset) -> Iterator[tuple[str, Item]]:
    for split in SPLITS:
        for item in data.items(split):
            yield split, item


def _measured(split: str, item: Item) -> dict[str, Any]:
    picture = _open_small(read_image(item))
    row = {"id": item.id, "source": item.source, "split": split}
    row |= PROPERTIES["dark"].calculate(_every_nth_pixel(picture))
    row |= PROPERTIES["low_information"].calculate(picture) | _sharpness(picture)
    whole = Image.new("1", (item.width, item.height))
    row |= PROPERTIES["odd_size"].calculate(whole) | PROPERTIES["odd_aspect_ratio"].calculate(whole)
    return {name: value if isinstance(value, str) else float(value) for name, value in row.items()}


def _open_small(data: bytes) -> Image.Image:
    """The picture of an image file; that of a large JPEG file smaller, which costs a fraction of decoding it."""
    with Image.open(io.BytesIO(data)) as image:
        if image.format != "JPEG":
            return open_rgb(data)
        image.draft(None, (_SIDE, _SIDE))
        return image.convert("RGB")


def _sharpness(picture: Image.Image) -> dict[str, float]:
    """cleanvision's measures of blur, without the frame of the picture: Pillow's filter leaves it as it is."""
    picture = picture.copy()
    picture.thumbnail((_SIDE_FOR_SHARPNESS, _SIDE_FOR_SHARPNESS))
    grey = picture.convert("L")
    inside = get_edges(grey).crop((1, 1, max(grey.width - 1, 2), max(grey.height - 1, 2)))
    return {"sharpness": ImageStat.Stat(inside).stddev[0], "grayscale_std": float(calc_std_grayscale(grey))}


def _every_nth_pixel(picture: Image.Image) -> Image.Image:
    step = max(min(picture.size) // _SIDE, 1)
    return picture if step == 1 else Image.fromarray(np.asarray(picture)[::step, ::step])
