"""Geometry of boxes, and the code in which the network states them relative to anchors."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tensorflow as tf

# Scales of the Faster R-CNN box coder as in the TF Object Detection API (ty, tx, th, tw).
CODE_SCALES = (10.0, 10.0, 5.0, 5.0)
# Largest change of a side that a code can state, as in torchvision: keeps exp() finite.
LARGEST_LOG_RATIO = 4.135  # log(1000 / 16)


def _centres_and_sides(boxes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    corners = tf.reshape(boxes, tf.concat([tf.shape(boxes)[:-1], [2, 2]], 0))
    low, high = corners[..., 0, :], corners[..., 1, :]
    return (low + high) / 2, high - low


def encode(boxes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """Boxes as the Faster R-CNN code relative to their anchors (Ren et al. 2015, arXiv:1506.01497, eq. 2).

    Args:
        boxes: float32 [..., 4] with positive sides.
        anchors: float32, shape broadcastable to `boxes`.

    Returns:
        float32 [..., 4]: (ty, tx, th, tw), scaled by `CODE_SCALES`.
    """
    centre, side = _centres_and_sides(boxes)
    anchor_centre, anchor_side = _centres_and_sides(anchors)
    return tf.concat([(centre - anchor_centre) / anchor_side, tf.math.log(side / anchor_side)], -1) * CODE_SCALES


def decode(codes: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """The inverse of `encode`: float32 [..., 4] boxes."""
    anchor_centre, anchor_side = _centres_and_sides(anchors)
    codes = codes / CODE_SCALES
    centre = codes[..., :2] * anchor_side + anchor_centre
    half = tf.exp(tf.minimum(codes[..., 2:], LARGEST_LOG_RATIO)) * anchor_side / 2
    return tf.concat([centre - half, centre + half], -1)


def area(boxes: tf.Tensor) -> tf.Tensor:
    """Area of [..., 4] boxes, 0 for boxes turned inside out: float32 [...]."""
    sides = tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def intersection(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Area that two broadcastable sets of boxes share: float32 [...]."""
    return area(tf.concat([tf.maximum(a[..., :2], b[..., :2]), tf.minimum(a[..., 2:], b[..., 2:])], -1))


def iou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Intersection over union of broadcastable boxes, 0..1: float32 [...]."""
    shared = intersection(a, b)
    return tf.math.divide_no_nan(shared, area(a) + area(b) - shared)


def generalised_iou(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Generalised intersection over union, -1..1 (Rezatofighi et al. 2019, arXiv:1902.09630): float32 [...]."""
    shared = intersection(a, b)
    union = area(a) + area(b) - shared
    hull = area(tf.concat([tf.minimum(a[..., :2], b[..., :2]), tf.maximum(a[..., 2:], b[..., 2:])], -1))
    return tf.math.divide_no_nan(shared, union) - tf.math.divide_no_nan(hull - union, hull)
