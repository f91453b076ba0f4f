"""How probable the label of each box is, judged by what the box shows."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from ...data.items import Item
from ...models.label_probabilities import LabelProbabilities
from .crops import box_crops, even_out
from .labels import fit, out_of_fold, predict

CROP_SIDE = 64  # pixels; maps of strides 8, 16 and 32 are then 8, 4 and 2 cells wide
CELLS = 2
BATCH = 128


def box_label_probabilities(
    items: Mapping[str, Sequence[Item]], labels: Sequence[str], backbone: keras.Model, seed: int
) -> LabelProbabilities:
    """Probabilities of every usable box's labels: training boxes out of fold by image, the others by all of those.

    Args:
        items: of each split, by its name.
        labels: C labels of the data set.
        backbone: frozen.
        seed: of the folds.
    """
    describe = _descriptor(backbone)
    crops = {split: box_crops(members, CROP_SIDE) for split, members in items.items()}
    features = {split: _features(describe, pixels) for split, (pixels, _) in crops.items()}
    given = {split: _given(items[split], places, labels) for split, (_, places) in crops.items()}
    groups = np.array([items["train"][image].sha256 for image, _ in crops["train"][1]])
    fitted = fit(features["train"], given["train"])
    probabilities = {split: predict(fitted, features[split], len(labels)) for split in items}
    probabilities["train"] = out_of_fold(features["train"], given["train"], groups, len(labels), seed)
    places = [(split, *place) for split, (_, found) in crops.items() for place in found]
    return LabelProbabilities(
        ids=[items[split][image].id for split, image, _ in places],
        splits=[split for split, _, _ in places],
        boxes=np.array([box for _, _, box in places], np.int32),
        labels=[items[split][image].boxes[box].label for split, image, box in places],
        probabilities=np.concatenate([probabilities[split] for split in crops]),
    )


def _descriptor(backbone: keras.Model) -> keras.Model:
    """A backbone's maps of a crop, pooled to `CELLS` x `CELLS` each: float32 [B, side, side, 3] to [B, F]."""
    pictures = keras.Input((CROP_SIDE, CROP_SIDE, 3))
    pooled = []
    for level in backbone(pictures):
        cell = level.shape[1] // CELLS
        pooled.append(layers.Flatten()(layers.AveragePooling2D(cell)(level)))
    return keras.Model(pictures, layers.Concatenate()(pooled))


def _features(describe: keras.Model, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a descriptor makes of B crops, float32 [B, F]."""
    if not len(crops):
        return np.empty((0, 1), np.float32)
    # Keras' stub has no number among the values of `verbose`.
    return describe.predict(even_out(crops), batch_size=BATCH, verbose=0)  # pyright: ignore[reportArgumentType]


def _given(items: Sequence[Item], places: Sequence[tuple[int, int]], labels: Sequence[str]) -> NDArray[np.int64]:
    index = {label: number for number, label in enumerate(labels)}
    return np.array([index[items[image].boxes[box].label] for image, box in places], np.int64)
