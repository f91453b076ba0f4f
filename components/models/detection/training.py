"""One training step of a detector, from images or from the feature maps of a frozen backbone."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...errors import InputError
from ..augment import look_through, move_boxes, random_windows
from ..image_input import scaled
from ..training import Recipe, apply_gradients, make_optimizer, run_steps
from .anchors import Anchors
from .assigner import assign
from .labels import BoxArrays
from .losses import detection_losses


class Source(Protocol):
    """What a network learns from: N inputs, and how a batch of them is made ready inside the graph."""

    def __len__(self) -> int: ...

    def fetch(self, indices: NDArray[np.int64]) -> Any:
        """The inputs at these places, as arrays."""
        ...

    def prepare(self, inputs: Any, boxes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[Any, ...]:
        """What the network is called with, and the boxes and labels that belong to it."""
        ...


@dataclass(frozen=True)
class ImageSource:
    """Images, uint8 [N, H, W, 3], changed at random in each step."""

    images: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.images)

    def fetch(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """uint8 [B, H, W, 3]."""
        return self.images[indices]

    def prepare(self, inputs: Any, boxes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[Any, ...]:
        """Augmented images, float32, -1..1."""
        windows = random_windows(tf.shape(inputs)[0], seed)
        boxes, labels = move_boxes(boxes, labels, windows)
        return scaled(look_through(inputs, windows, seed)), boxes, labels


@dataclass(frozen=True)
class FeatureSource:
    """Feature maps of a frozen backbone, computed once.

    Attributes:
        maps: one float16 [M, h, w, c] per level.
        places: int [N], which of the M to learn from.
    """

    maps: list[NDArray[np.float16]]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def fetch(self, indices: NDArray[np.int64]) -> list[NDArray[np.float16]]:
        """One float16 [B, h, w, c] per level."""
        return [level[self.places[indices]] for level in self.maps]

    def prepare(self, inputs: Any, boxes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[Any, ...]:
        """The maps as float32; nothing is changed at random."""
        del seed
        return [tf.cast(level, tf.float32) for level in inputs], boxes, labels


def train_detector(
    network: keras.Model, anchors: Anchors, source: Source, truth: BoxArrays, recipe: Recipe
) -> list[dict[str, float]]:
    """Trains the network's trainable variables in place.

    Args:
        network: from what the source prepares to logits and codes, see `network`.
        anchors: of the images' size.
        source: N images, or their feature maps.
        truth: boxes of the N images.
        recipe: steps, seed and rates.

    Returns:
        The training curves `classification` and `localisation`, see `training.run_steps`.

    Raises:
        InputError: there is nothing to learn from, or a loss is not a number any more.
    """
    if not (truth.labels >= 0).any():
        raise InputError("the training split has no usable box: add labelled boxes to the data")
    optimizer = make_optimizer(recipe)
    anchor_boxes = tf.constant(anchors.boxes)

    @tf.function(reduce_retracing=True)
    def step_in_graph(inputs: Any, boxes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs, boxes, labels = source.prepare(inputs, boxes, labels, seed)
        labels, boxes = assign(anchors, boxes, labels)
        with tf.GradientTape() as tape:
            logits, codes = network(inputs, training=True)
            losses = detection_losses(logits, codes, anchor_boxes, labels, boxes)
        apply_gradients(optimizer, tape, losses, network)
        return losses

    def take_step(chosen: NDArray[np.int64], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = truth.take(chosen)
        return step_in_graph(source.fetch(chosen), batch.boxes, batch.labels, seed)

    return run_steps(take_step, len(source), recipe)
