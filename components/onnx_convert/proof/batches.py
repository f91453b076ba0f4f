"""Inputs that a conversion is proven on: real ones of a dataset, or made up from the signature.

A batch is of one, of several or of a ragged number of items where the model takes any number; pictures and sequences
come in several sizes where it takes any.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...errors import InputError
from ...models.columns import column_tensors
from ...models.folder import ColumnsInput, SeriesInput
from ...models.model_rows import model_rows
from ...models.series_windows import series_tensors
from ..tensors import Signature, Tensors, TensorSpec
from .made_up import made_up
from .pictures import RANGES, in_range, is_picture, sizes
from .ranged import Ranged

__all__ = ["MOST_ITEMS", "made_up", "of_images", "of_rows", "picture_input", "picture_tensor"]

# TensorFlow answers the same inputs beside ONNX, so a proof of more items would take minutes.
MOST_ITEMS = 64
_REAL_SIZES = ((64, 96), (224, 224), (301, 199))
_TOGETHER = 8


def of_images(dataset: Dataset, signature: Signature, split: str = "test") -> Iterator[Tensors]:
    """Real pictures, in their own sizes and resized, of at most `MOST_ITEMS` items in total.

    Args:
        dataset: of images.
        signature: of a model whose one input is pictures, [N, H, W, 3]; floats get them in 0..255, 0..1 and -1..1.
        split: that the pictures are of.

    Raises:
        InputError: the model takes something else, or the split is empty.
    """
    spec = picture_input(signature)
    shown = [decode(read_image(item)) for item in _spread(list(dataset.items(split)), MOST_ITEMS // 2)]
    if not shown:
        raise InputError(f"the {split} split is empty: a model is proven on real data, give the data a {split} split")
    ranges = (0,) if spec.dtype == "uint8" else range(len(RANGES))
    batches = list(_picture_batches(spec, shown[: MOST_ITEMS // (2 * len(ranges))]))
    for style in ranges:
        for batch in batches:
            pixels = in_range(batch.astype(np.float32) / np.float32(255), spec.dtype, style)
            yield Ranged({spec.name: pixels}, RANGES[style] if len(ranges) > 1 else "")


def of_rows(dataset: Dataset, described: ColumnsInput | SeriesInput, split: str = "test") -> Iterator[Tensors]:
    """Real rows by the columns' own names, in batches of 1, of several and of a ragged rest; `MOST_ITEMS` in total.

    Args:
        dataset: of a table.
        described: the inputs of the model.
        split: that the rows are of.

    Raises:
        InputError: the model was not made for this data, or the split is empty.
    """
    rows = next(model_rows(dataset, [split], described, rows=65536), None)
    if rows is None or not rows.num_rows:
        raise InputError(f"the {split} split is empty: a model is proven on real data, give the data a {split} split")
    some = rows.take(_spread(np.arange(rows.num_rows), MOST_ITEMS))
    for start, end in zip((0, 1, 33), (1, 33, MOST_ITEMS), strict=True):
        part = some.slice(start, end - start)
        if part.num_rows:
            yield (
                series_tensors(part, described)
                if described["kind"] == "series"
                else column_tensors(part, described["columns"])
            )


def _spread(items: Any, most: int) -> Any:
    """At most so many items, from all over the list."""
    places = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int))
    return items[places] if isinstance(items, np.ndarray) else [items[place] for place in places]


def _picture_batches(spec: TensorSpec, shown: Sequence[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Each picture by itself in its own size, and all together in other sizes, as far as the model takes them."""
    count, height, width, _ = sizes(spec)
    if height is None and width is None and count in (None, 1):
        yield from (picture[None] for picture in shown)
    together = count or _TOGETHER
    goals = _REAL_SIZES if None in (height, width) else ((0, 0),)
    for place, (high, wide) in enumerate(goals):
        part = shown[place :: len(goals)]
        for start in range(0, len(part), together):
            batch = np.stack([_resized(each, height or high, width or wide) for each in part[start : start + together]])
            if count in (None, len(batch)):
                yield batch


def _resized(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def picture_input(signature: Signature) -> TensorSpec:
    """The one input of a model of pictures, [N, H, W, 3].

    Raises:
        InputError: the model takes something else.
    """
    spec = signature.inputs[0]
    if len(signature.inputs) > 1 or not is_picture(spec) or sizes(spec)[3] not in (3, None):
        takes = ", ".join(f"{each.name} {each.dtype} {each.shape}" for each in signature.inputs)
        raise InputError(f"the model takes {takes}, and no pictures [N, H, W, 3], which this dataset has")
    return spec


def picture_tensor(picture: NDArray[np.uint8], spec: TensorSpec, style: int) -> NDArray[Any]:
    """One picture as a batch for this input: in its own size where that is free, floats in one of three ranges."""
    _, height, width, _ = sizes(spec)
    resized = _resized(picture, height or picture.shape[0], width or picture.shape[1])
    return in_range(resized[None].astype(np.float32) / np.float32(255), spec.dtype, style)
