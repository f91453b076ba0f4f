"""What the detector is trained to make small."""

import tensorflow as tf

from .boxes import decode, generalised_iou

# Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv:1708.02002, section 5.1.
FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2.0


def focal_loss(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Sigmoid focal loss, element by element.

    Args:
        logits: float32 [...].
        targets: float32 [...], 0 or 1.

    Returns:
        float32 [...].
    """
    probability = tf.sigmoid(logits)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
    miss = targets * (1 - probability) + (1 - targets) * probability
    weight = targets * FOCAL_ALPHA + (1 - targets) * (1 - FOCAL_ALPHA)
    return weight * miss**FOCAL_GAMMA * cross_entropy


def detection_losses(
    logits: tf.Tensor, codes: tf.Tensor, anchors: tf.Tensor, labels: tf.Tensor, boxes: tf.Tensor
) -> dict[str, tf.Tensor]:
    """The losses of a batch, each per labelled anchor.

    Args:
        logits: float32 [N, A, C].
        codes: float32 [N, A, 4], as `boxes.encode` defines them.
        anchors: float32 [A, 4].
        labels: int32 [N, A], -1 for background; as `assigner.assign` gives them.
        boxes: float32 [N, A, 4].

    Returns:
        `classification` (focal loss) and `localisation` (1 - generalised IoU), float32 scalars.
    """
    positive = tf.cast(labels >= 0, tf.float32)
    count = tf.maximum(tf.reduce_sum(positive), 1.0)
    targets = tf.one_hot(labels, tf.shape(logits)[-1])
    misfit = 1 - generalised_iou(decode(codes, anchors[None]), boxes)
    return {
        "classification": tf.reduce_sum(focal_loss(logits, targets)) / count,
        "localisation": tf.reduce_sum(misfit * positive) / count,
    }
