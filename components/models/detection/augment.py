"""Random changes of training images that keep their labels true. No flips: a mirrored 2 is no 2."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tensorflow as tf

ZOOM = 0.3  # the window's sides are exp(-ZOOM) to exp(ZOOM) of the image's
BRIGHTNESS = 0.2
PAPER = 127.0  # what lies outside the image


def augment(images: tf.Tensor, boxes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Looks at each image through a random window, at a random brightness.

    Args:
        images: float32 [N, H, W, 3], 0..255.
        boxes: float32 [N, M, 4], 0..1.
        labels: int32 [N, M], padded with -1.
        seed: int32 [2]; the same seed gives the same changes.

    Returns:
        The three, changed; a box whose centre is out of sight gets the label -1.
    """
    count = tf.shape(images)[0]
    for_side, for_corner, for_gain = tf.unstack(tf.random.split(seed, 3))
    side = tf.exp(tf.random.stateless_uniform([count, 2], for_side, -ZOOM, ZOOM))
    corner = tf.random.stateless_uniform([count, 2], for_corner) * (1 - side)
    window = tf.concat([corner, corner + side], -1)
    images = tf.image.crop_and_resize(images, window, tf.range(count), tf.shape(images)[1:3], extrapolation_value=PAPER)
    gain = tf.random.stateless_uniform([count, 1, 1, 1], for_gain, 1 - BRIGHTNESS, 1 + BRIGHTNESS)
    boxes = (boxes - tf.tile(corner, [1, 2])[:, None]) / tf.tile(side, [1, 2])[:, None]
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    visible = tf.reduce_all((centre > 0) & (centre < 1), -1)
    return tf.clip_by_value(images * gain, 0, 255), tf.clip_by_value(boxes, 0, 1), tf.where(visible, labels, -1)
