"""Views of training images: the image itself, then what random changes make of it.

Heads on a frozen backbone learn from features that were computed once. So that they do not learn a few hundred images
by heart, each image of a small data set is seen in several views. The baselines look through random windows; a training
that says how it augments gets views of that kind.
"""

from functools import lru_cache

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from .augment import DRAWN, Augmentation, augment_boxes, augment_images, look_through, move_boxes, random_windows
from .detection.labels import BoxArrays


def view_of(
    images: NDArray[np.uint8], view: int, start: int, stop: int, seed: int, augmentation: Augmentation | None = None
) -> NDArray[np.uint8]:
    """A view of the images from `start` to `stop`.

    Args:
        images: uint8 [N, H, W, 3].
        view: 0 for the images themselves.
        start: place of the first image.
        stop: place after the last one.
        seed: of all views.
        augmentation: what changes them; None for random windows.

    Returns:
        uint8 [stop - start, H, W, 3].
    """
    if not view:
        return images[start:stop]
    given = tf.constant(images[start:stop])
    if augmentation:
        seen, _, _ = augment_images(given, None, None, _draws(len(images), view, seed)[start:stop], augmentation)
    else:
        windows = _windows(len(images), view, seed)[start:stop]
        seen = look_through(given, windows, tf.constant([seed, view * len(images) + start]))
    return tf.cast(tf.round(seen), tf.uint8).numpy()


def boxes_of_views(truth: BoxArrays, views: int, seed: int, augmentation: Augmentation | None = None) -> BoxArrays:
    """Where N images' boxes are in their views: of [N, M, ...] boxes to [views * N, M, ...], view by view."""
    boxes, labels = [truth.boxes], [truth.labels]
    given, count = (tf.constant(truth.boxes), tf.constant(truth.labels)), len(truth.labels)
    for view in range(1, views):
        if augmentation:
            moved, kept = augment_boxes(*given, _draws(count, view, seed), augmentation)
        else:
            moved, kept = move_boxes(*given, _windows(count, view, seed))
        boxes.append(moved.numpy())
        labels.append(kept.numpy())
    return BoxArrays(np.concatenate(boxes), np.concatenate(labels))


def _windows(count: int, view: int, seed: int) -> tf.Tensor:
    return random_windows(count, tf.constant([seed, view]))


@lru_cache(maxsize=1)
def _draws(count: int, view: int, seed: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng([seed, view]).random((count, DRAWN), np.float32))
