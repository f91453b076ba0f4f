"""Boxes drawn twice, and boxes too small to be objects."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import ndimage

from ...data.dataset import Dataset
from ...data.items import Task
from ..columns import read_columns
from ..findings import Case, Finding, counted
from ..geometry import intersection_over_union

# Two boxes of one label that overlap (IoU) by so much are one object: different ones in a crowd hardly ever do.
SAME_BOX_IOU = 0.9
# The least edges of a box that the service trains on, in pixels and as a share of the image's edge:
# https://docs.cloud.google.com/vertex-ai/docs/image-data/object-detection/prepare-data
LEAST_PIXELS, LEAST_SHARE = 8, 0.01
# A box is tiny only among others of its label that are usually so many times as large: some objects are small.
TIMES_AS_LARGE = 8
_ROUNDING = 1e-3
_EDGES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True)
class _Boxes:
    """The N usable boxes of all images.

    Attributes:
        images: table of the images: id, source, split, width and height.
        image: row of each box's image, int64 [N].
        index: place in the image's boxes, int64 [N].
        label: code of its label, 0..C-1, integer [N].
        edges: clipped to the frame, float64 [N, 4].
        pixels: width and height, float64 [N, 2].
    """

    images: pa.Table
    image: NDArray[np.int64]
    index: NDArray[np.int64]
    label: NDArray[np.integer]
    edges: NDArray[np.float64]
    pixels: NDArray[np.float64]

    def case(self, box: int, detail: str) -> Case:
        """The case of one box."""
        row = self.images.slice(int(self.image[box]), 1).to_pylist()[0]
        return Case(row["id"], row["source"], row["split"], detail, box=int(self.index[box]))


def box_shapes(data: Dataset) -> Iterator[Finding]:
    """Yields the findings of `duplicate_box` and `tiny_box`; nothing where the task has no boxes."""
    if data.task is not Task.OBJECT_DETECTION:
        return
    boxes = _usable_boxes(data)
    if not len(boxes.image):
        return
    of = f"{len(boxes.image):,} boxes"
    yield from counted("duplicate_box", _duplicates(boxes), of)
    yield from counted("tiny_box", _tiny(boxes), of)


def _usable_boxes(data: Dataset) -> _Boxes:
    images = read_columns(data, ["id", "source", "width", "height", "boxes"])
    boxes = images["boxes"].combine_chunks()
    counts, fields = boxes.value_lengths().to_numpy(), boxes.flatten()
    image = np.repeat(np.arange(len(images)), counts)
    index = np.arange(len(image)) - np.repeat(np.cumsum(counts) - counts, counts)
    label = fields.field("label").dictionary_encode()
    edges = np.stack([fields.field(name).to_numpy() for name in _EDGES], axis=1).clip(0, 1)
    scale = np.stack([images[name].to_numpy()[image] for name in ("width", "height")], axis=1)
    pixels = (edges[:, 2:] - edges[:, :2]) * scale
    named = fields.field("label").to_numpy(zero_copy_only=False) != ""
    # The others are told of by the importer's marks; a pixel may have been rounded away.
    usable = (pixels > 1 - _ROUNDING).all(axis=1) & named
    codes = label.indices.to_numpy()[usable]
    known = images.drop_columns(["boxes"])
    return _Boxes(known, image[usable], index[usable], codes, edges[usable], pixels[usable])


def _duplicates(boxes: _Boxes) -> list[Case]:
    """The later ones of boxes that are the same, the most alike first."""
    pairs, overlaps = _same_boxes(boxes)
    ranked = np.lexsort((pairs[:, 0], pairs[:, 1], -overlaps))
    found: dict[int, tuple[int, float]] = {}
    for (earlier, later), overlap in zip(pairs[ranked].tolist(), overlaps[ranked].tolist(), strict=True):
        found.setdefault(later, (earlier, overlap))
    return [
        boxes.case(later, f"the same as box {boxes.index[earlier]} of the image (IoU {overlap:.2f})")
        for later, (earlier, overlap) in found.items()
    ]


def _same_boxes(boxes: _Boxes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of the same box [K, 2], the earlier one first, and how far they overlap [K].

    Boxes are sorted by their left edge. Same boxes differ there by a tenth of their common width at the most, so that
    each has to be compared with the next ones only, as far as that: not every box of a crowd with every other.
    """
    order = np.lexsort((boxes.edges[:, 0], boxes.label, boxes.image))
    image, label, edges = boxes.image[order], boxes.label[order], boxes.edges[order]
    reach = edges[:, 0] + (edges[:, 2] - edges[:, 0]) * (1 / SAME_BOX_IOU - 1) + 1e-9
    one, pairs, overlaps = np.arange(len(order)), [], []
    for step in range(1, len(order)):
        one = one[one + step < len(order)]
        two = one + step
        near = (image[one] == image[two]) & (label[one] == label[two]) & (edges[two, 0] <= reach[one])
        one, two = one[near], two[near]
        if not len(one):
            break
        overlap = intersection_over_union(edges[one], edges[two])
        same = overlap >= SAME_BOX_IOU
        pairs.append(np.sort(np.stack([order[one[same]], order[two[same]]], axis=1), axis=1))
        overlaps.append(overlap[same])
    return np.concatenate([*pairs, np.empty((0, 2), np.int64)]), np.concatenate([*overlaps, np.empty(0)])


def _tiny(boxes: _Boxes) -> list[Case]:
    """The boxes below what can be learned from, where their label's boxes usually are far larger; smallest first."""
    shares = boxes.edges[:, 2:] - boxes.edges[:, :2]
    # The side of the square of the same area, as a share: so boxes of images of different sizes can be compared.
    side = np.sqrt(shares.prod(axis=1))
    usual = ndimage.median(side, boxes.label, boxes.label)
    too_small = (boxes.pixels < LEAST_PIXELS).any(axis=1) | (shares < LEAST_SHARE).any(axis=1)
    found = np.flatnonzero(too_small & (side * TIMES_AS_LARGE < usual))
    ranked = found[np.argsort(side[found], kind="stable")]
    return [
        boxes.case(box, f"{boxes.pixels[box, 0]:.0f} by {boxes.pixels[box, 1]:.0f} pixels") for box in ranked.tolist()
    ]
