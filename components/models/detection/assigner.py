"""Which anchors are responsible for which labelled boxes: adaptive training sample selection.

Zhang et al. 2020, "Bridging the Gap Between Anchor-based and Anchor-free Detection", arXiv:1912.02424, algorithm 1.
"""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tensorflow as tf

from .anchors import Anchors
from .boxes import iou

CANDIDATES_PER_LEVEL = 9


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
    # An anchor that several boxes claim goes to the one it covers best.
    claimed = tf.where(positive, overlap, -1.0)
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
