"""Random changes of training images that keep their labels true.

What is random is given: as a seed (the views of the baselines), or as numbers of each example (fine-tuning), so that an
example is changed in the same way whatever else is in its batch, and wherever the batch is cut for several workers.
"""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

from typing import Any, Protocol

import tensorflow as tf

from .colours import change_colours

ZOOM = 0.3  # a window's sides are exp(-ZOOM) to exp(ZOOM) of the image's
BRIGHTNESS = 0.2
OUTSIDE = 127.0  # the grey of what lies outside the image

# Columns of `draws`, one for each decision: switching one change off leaves the others as they were.
SIDES, CORNERS, HORIZONTAL_FLIP, VERTICAL_FLIP, QUARTER_TURNS = slice(0, 2), slice(2, 4), 4, 5, 6
COLOURS = slice(7, 11)  # brightness, contrast, saturation, hue
DRAWN = 11


class Augmentation(Protocol):
    """What is changed and how strongly; false or 0 switches a change off. See `colours` for the last four."""

    horizontal_flip: bool
    vertical_flip: bool
    rotate_90: bool
    zoom: float
    brightness: float
    contrast: float
    saturation: float
    hue: float


def augment_images(
    images: tf.Tensor,
    boxes: tf.Tensor | None,
    labels: tf.Tensor | None,
    draws: tf.Tensor,
    augmentation: Augmentation,
) -> tuple[tf.Tensor, Any, Any]:
    """Changes images, and moves their boxes with them. A change that is switched off costs nothing.

    Args:
        images: [N, H, W, 3], 0..255; square where they are turned.
        boxes: float32 [N, M, 4], [ymin, xmin, ymax, xmax], 0..1; None where images have no boxes.
        labels: int32 [N, M], padded with -1; None where images have no boxes.
        draws: float32 [N, DRAWN or more], uniform in 0..1: all that is random.
        augmentation: what to change.

    Returns:
        float32 [N, H, W, 3], 0..255; the boxes, clipped; the labels, -1 of a box whose centre is out of sight. Boxes
        and labels are None where they were.
    """
    if boxes is not None and labels is not None:
        boxes, labels = augment_boxes(boxes, labels, draws, augmentation)
    draws = tf.cast(draws, tf.float64)
    transposed, windows = _geometry(draws, augmentation)
    if transposed is not None:
        images = tf.where(transposed[:, None, None, None], tf.transpose(images, [0, 2, 1, 3]), images)
    if windows is not None:
        images = _see(images, windows)
    return change_colours(tf.cast(images, tf.float32), draws[:, COLOURS], augmentation), boxes, labels


def augment_boxes(
    boxes: tf.Tensor, labels: tf.Tensor, draws: tf.Tensor, augmentation: Augmentation
) -> tuple[tf.Tensor, tf.Tensor]:
    """Where boxes are in the images that `augment_images` makes with the same draws."""
    transposed, windows = _geometry(tf.cast(draws, tf.float64), augmentation)
    if transposed is not None:
        boxes = tf.where(transposed[:, None, None], tf.gather(boxes, [1, 0, 3, 2], axis=-1), boxes)
    return (boxes, labels) if windows is None else move_boxes(boxes, labels, windows)


def random_windows(count: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A window for each of N images, float32 [N, 4]: [ymin, xmin, ymax, xmax] in fractions of it, partly outside.

    Args:
        count: N.
        seed: int32 [2].
    """
    for_side, for_corner = tf.unstack(tf.random.split(seed, 2))
    exponents = tf.random.stateless_uniform([count, 2], for_side, -ZOOM, ZOOM)
    return _zoomed(exponents, tf.random.stateless_uniform([count, 2], for_corner))


def look_through(images: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """What is seen through the windows, at a random brightness.

    Args:
        images: [N, H, W, 3], 0..255.
        windows: float32 [N, 4].
        seed: int32 [2].

    Returns:
        float32 [N, H, W, 3], 0..255.
    """
    gain = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], seed, 1 - BRIGHTNESS, 1 + BRIGHTNESS)
    return tf.clip_by_value(_see(images, windows) * gain, 0, 255)


def move_boxes(boxes: tf.Tensor, labels: tf.Tensor, windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where boxes are in the windows.

    Args:
        boxes: float32 [N, M, 4], 0..1.
        labels: int32 [N, M], padded with -1.
        windows: float32 [N, 4]; one whose ymin and ymax, or xmin and xmax, are swapped shows its image mirrored.

    Returns:
        The boxes, clipped to the window, and the labels; a box whose centre is out of sight gets the label -1.
    """
    corner, side = windows[:, None, :2], windows[:, None, 2:] - windows[:, None, :2]
    boxes = (boxes - tf.tile(corner, [1, 1, 2])) / tf.tile(side, [1, 1, 2])
    first, second = boxes[..., :2], boxes[..., 2:]
    boxes = tf.concat([tf.minimum(first, second), tf.maximum(first, second)], -1)
    centre = (first + second) / 2
    visible = tf.reduce_all((centre > 0) & (centre < 1), -1)
    return tf.clip_by_value(boxes, 0, 1), tf.where(visible, labels, -1)


def _geometry(draws: tf.Tensor, augmentation: Augmentation) -> tuple[tf.Tensor | None, tf.Tensor | None]:
    """Which images are transposed, bool [N], and the windows they are then seen through, float32 [N, 4]; or None.

    Flips are windows with swapped edges. One quarter turn against the clock is a transposition and an up-down flip, two
    are both flips, three are a transposition and a left-right flip.

    Args:
        draws: in double, as a float's exp or cosine differs in the last bit between a full vector register and the rest
            of an array: an example would depend on its place in the batch.
        augmentation: what to change.
    """
    up_down = left_right = tf.zeros_like(draws[:, 0], tf.bool)
    transposed = None
    if augmentation.vertical_flip:
        up_down = draws[:, VERTICAL_FLIP] < 0.5
    if augmentation.horizontal_flip:
        left_right = draws[:, HORIZONTAL_FLIP] < 0.5
    if augmentation.rotate_90:
        turns = tf.cast(tf.minimum(4 * draws[:, QUARTER_TURNS], 3), tf.int32)
        transposed = (turns == 1) | (turns == 3)
        up_down = tf.math.logical_xor(up_down, (turns == 1) | (turns == 2))
        left_right = tf.math.logical_xor(left_right, turns >= 2)
    elif not (augmentation.zoom or augmentation.horizontal_flip or augmentation.vertical_flip):
        return None, None
    windows = tf.cast(_zoomed((2 * draws[:, SIDES] - 1) * augmentation.zoom, draws[:, CORNERS]), tf.float32)
    windows = tf.where(up_down[:, None], tf.gather(windows, [2, 1, 0, 3], axis=1), windows)
    return transposed, tf.where(left_right[:, None], tf.gather(windows, [0, 3, 2, 1], axis=1), windows)


def _zoomed(exponents: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Windows [N, 4] with sides exp(exponents), [N, 2], at places 0..1, [N, 2], of the room that they have."""
    side = tf.exp(exponents)
    corner = places * (1 - side)
    return tf.concat([corner, corner + side], -1)


def _see(images: tf.Tensor, windows: tf.Tensor) -> tf.Tensor:
    count = tf.shape(images)[0]
    return tf.image.crop_and_resize(
        tf.cast(images, tf.float32), windows, tf.range(count), tf.shape(images)[1:3], extrapolation_value=OUTSIDE
    )
