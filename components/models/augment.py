"""Random changes of training images that keep their labels true. No flips: what a thing is may hang on its sides.

Every function is decided by its seed alone.
"""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tensorflow as tf

ZOOM = 0.3  # a window's sides are exp(-ZOOM) to exp(ZOOM) of the image's
BRIGHTNESS = 0.2
OUTSIDE = 127.0  # the grey of what lies outside the image


def random_windows(count: int | tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """A window for each of N images, float32 [N, 4]: [ymin, xmin, ymax, xmax] in fractions of it, partly outside.

    Args:
        count: N.
        seed: int32 [2].
    """
    for_side, for_corner = tf.unstack(tf.random.split(seed, 2))
    side = tf.exp(tf.random.stateless_uniform([count, 2], for_side, -ZOOM, ZOOM))
    corner = tf.random.stateless_uniform([count, 2], for_corner) * (1 - side)
    return tf.concat([corner, corner + side], -1)


def look_through(images: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """What is seen through the windows, at a random brightness.

    Args:
        images: [N, H, W, 3], 0..255.
        windows: float32 [N, 4].
        seed: int32 [2].

    Returns:
        float32 [N, H, W, 3], 0..255.
    """
    count = tf.shape(images)[0]
    seen = tf.image.crop_and_resize(
        tf.cast(images, tf.float32), windows, tf.range(count), tf.shape(images)[1:3], extrapolation_value=OUTSIDE
    )
    gain = tf.random.stateless_uniform([count, 1, 1, 1], seed, 1 - BRIGHTNESS, 1 + BRIGHTNESS)
    return tf.clip_by_value(seen * gain, 0, 255)


def move_boxes(boxes: tf.Tensor, labels: tf.Tensor, windows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where boxes are in the windows.

    Args:
        boxes: float32 [N, M, 4], 0..1.
        labels: int32 [N, M], padded with -1.
        windows: float32 [N, 4].

    Returns:
        The boxes, clipped to the window, and the labels; a box whose centre is out of sight gets the label -1.
    """
    corner, side = windows[:, None, :2], windows[:, None, 2:] - windows[:, None, :2]
    boxes = (boxes - tf.tile(corner, [1, 1, 2])) / tf.tile(side, [1, 1, 2])
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    visible = tf.reduce_all((centre > 0) & (centre < 1), -1)
    return tf.clip_by_value(boxes, 0, 1), tf.where(visible, labels, -1)
