"""Which anchors are responsible for which labelled boxes.

Adaptive training sample selection: Zhang et al. 2020, "Bridging the Gap Between Anchor-based and Anchor-free
Detection", arXiv:1912.02424, algorithm 1. Matching by overlap: Liu et al. 2016, "SSD", arXiv:1512.02325, section 2.2.
"""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tensorflow as tf

from .anchors import Anchors
from .boxes import iou

CANDIDATES_PER_LEVEL = 9
# From this overlap on, SSD's anchors are responsible for a box.
MATCHING_IOU = 0.5


def assign(anchors: Anchors, boxes: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives each anchor the labelled box it has to find, or none.

    Args:
        anchors: the A anchors of the image size.
        boxes: float32 [N, M, 4], padded with zeros.
        labels: int32 [N, M], 0..C-1, padded with -1.

    Returns:
        Labels int32 [N, A] (-1: background) and boxes float32 [N, A, 4] (zeros for background).
    """
    anchor_boxes = tf.constant(anchors.boxes)
    overlap = iou(boxes[:, :, None, :], anchor_boxes[None, None])
    candidate = _closest_anchors(anchors, anchor_boxes, boxes)
    positive = candidate & (overlap >= _threshold(overlap, candidate)) & _centre_inside(anchor_boxes, boxes)
    # A box too small to hold an anchor's centre still gets the anchor that covers it best, or it is never learned.
    best = tf.one_hot(tf.argmax(overlap, axis=2), len(anchors.boxes), on_value=True, off_value=False, dtype=tf.bool)
    positive |= best & ~tf.reduce_any(positive, axis=2, keepdims=True)
    positive &= (labels >= 0)[:, :, None]
    return _give(tf.where(positive, overlap, -1.0), boxes, labels)


def match(anchors: Anchors, boxes: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """As `assign`, by overlap alone: anchors that overlap a box well, and the best one of each box in any case."""
    overlap = iou(boxes[:, :, None, :], tf.constant(anchors.boxes)[None, None])
    overlap = tf.where((labels >= 0)[:, :, None], overlap, -1.0)
    best = tf.one_hot(tf.argmax(overlap, axis=2), len(anchors.boxes), on_value=True, off_value=False, dtype=tf.bool)
    best &= (labels >= 0)[:, :, None]
    # The only anchor of a box is not given to another box that it overlaps more.
    claimed = tf.where(best, overlap + 2.0, tf.where(overlap >= MATCHING_IOU, overlap, -1.0))
    return _give(claimed, boxes, labels)


def _give(claimed: tf.Tensor, boxes: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives an anchor that several boxes claim to the one with the strongest claim, [N, M, A]; -1 is none."""
    owner = tf.argmax(claimed, axis=1, output_type=tf.int32)
    found = tf.reduce_max(claimed, axis=1) >= 0
    assigned_labels = tf.where(found, tf.gather(labels, owner, batch_dims=1), -1)
    assigned_boxes = tf.where(found[..., None], tf.gather(boxes, owner, batch_dims=1), 0.0)
    return assigned_labels, assigned_boxes


def _centres(boxes: tf.Tensor) -> tf.Tensor:
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def _closest_anchors(anchors: Anchors, anchor_boxes: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    """Marks the anchors of each level whose centres are closest to a box's centre: bool [N, M, A]."""
    distance = tf.norm(_centres(boxes)[:, :, None] - _centres(anchor_boxes)[None, None], axis=-1)
    marks = []
    for level in tf.split(distance, anchors.level_sizes, axis=2):
        count = min(CANDIDATES_PER_LEVEL, int(level.shape[2]))
        farthest = -tf.math.top_k(-level, count).values[..., -1:]
        marks.append(level <= farthest)
    return tf.concat(marks, axis=2)


def _threshold(overlap: tf.Tensor, candidate: tf.Tensor) -> tf.Tensor:
    """Mean plus standard deviation of the candidates' overlap: float32 [N, M, 1]."""
    weight = tf.cast(candidate, tf.float32)
    count = tf.reduce_sum(weight, -1, keepdims=True)
    mean = tf.reduce_sum(overlap * weight, -1, keepdims=True) / count
    variance = tf.reduce_sum(tf.square(overlap - mean) * weight, -1, keepdims=True) / count
    return mean + tf.sqrt(variance)


def _centre_inside(anchor_boxes: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    """Whether an anchor's centre lies in a box: bool [N, M, A]."""
    centre = _centres(anchor_boxes)[None, None]
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    return tf.reduce_all((centre > low) & (centre < high), axis=-1)
