"""Views of training images: the image itself, then what random windows show of it.

Heads on a frozen backbone learn from features that were computed once. So that they do not learn a few hundred images
by heart, each image of a small data set is seen in several views.
"""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...models.augment import look_through, move_boxes, random_windows
from ...models.detection.labels import BoxArrays


def view_of(images: NDArray[np.uint8], view: int, start: int, stop: int, seed: int) -> NDArray[np.uint8]:
    """A view of the images from `start` to `stop`.

    Args:
        images: uint8 [N, H, W, 3].
        view: 0 for the images themselves.
        start: place of the first image.
        stop: place after the last one.
        seed: of all views.

    Returns:
        uint8 [stop - start, H, W, 3].
    """
    if not view:
        return images[start:stop]
    windows = _windows(len(images), view, seed)[start:stop]
    seen = look_through(tf.constant(images[start:stop]), windows, tf.constant([seed, view * len(images) + start]))
    return tf.cast(tf.round(seen), tf.uint8).numpy()


def boxes_of_views(truth: BoxArrays, views: int, seed: int) -> BoxArrays:
    """Where N images' boxes are in their views: of [N, M, ...] boxes to [views * N, M, ...], view by view."""
    boxes, labels = [truth.boxes], [truth.labels]
    given = tf.constant(truth.boxes), tf.constant(truth.labels)
    for view in range(1, views):
        moved, kept = move_boxes(*given, _windows(len(truth.labels), view, seed))
        boxes.append(moved.numpy())
        labels.append(kept.numpy())
    return BoxArrays(np.concatenate(boxes), np.concatenate(labels))


def _windows(count: int, view: int, seed: int) -> tf.Tensor:
    return random_windows(count, tf.constant([seed, view]))
