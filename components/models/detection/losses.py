"""What the detector is trained to make small."""

from dataclasses import dataclass

import tensorflow as tf

from .boxes import decode, generalised_iou

# Lin et al. 2017, "Focal Loss for Dense Object Detection", arXiv:1708.02002, section 5.1.
FOCAL_ALPHA = 0.25
FOCAL_GAMMA = 2.0


def focal_loss(
    logits: tf.Tensor, targets: tf.Tensor, alpha: float = FOCAL_ALPHA, gamma: float = FOCAL_GAMMA
) -> tf.Tensor:
    """Sigmoid focal loss, element by element.

    Args:
        logits: float32 [...].
        targets: float32 [...], 0 or 1.
        alpha: weight of the targets that are 1, 0..1; the others have 1 - alpha.
        gamma: how much less the sure answers count, 0 or more.

    Returns:
        float32 [...].
    """
    probability = tf.sigmoid(logits)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
    miss = targets * (1 - probability) + (1 - targets) * probability
    weight = targets * alpha + (1 - targets) * (1 - alpha)
    return weight * miss**gamma * cross_entropy


@dataclass(frozen=True)
class ImageLosses:
    """The losses of each of N images.

    Attributes:
        classification: focal loss, summed over anchors and classes, float32 [N].
        localisation: 1 - generalised IoU, summed over the labelled anchors, float32 [N].
        anchors: how many are labelled, float32 [N].
    """

    classification: tf.Tensor
    localisation: tf.Tensor
    anchors: tf.Tensor


def image_losses(
    logits: tf.Tensor,
    codes: tf.Tensor,
    anchors: tf.Tensor,
    labels: tf.Tensor,
    boxes: tf.Tensor,
    alpha: float = FOCAL_ALPHA,
    gamma: float = FOCAL_GAMMA,
) -> ImageLosses:
    """The losses of a batch, image by image.

    Args:
        logits: float32 [N, A, C].
        codes: float32 [N, A, 4], as `boxes.encode` defines them.
        anchors: float32 [A, 4].
        labels: int32 [N, A], -1 for background; as `assigner.assign` gives them.
        boxes: float32 [N, A, 4].
        alpha: see `focal_loss`.
        gamma: see `focal_loss`.
    """
    positive = tf.cast(labels >= 0, tf.float32)
    targets = tf.one_hot(labels, tf.shape(logits)[-1])
    misfit = 1 - generalised_iou(decode(codes, anchors[None]), boxes)
    return ImageLosses(
        tf.reduce_sum(focal_loss(logits, targets, alpha, gamma), [1, 2]),
        tf.reduce_sum(misfit * positive, 1),
        tf.reduce_sum(positive, 1),
    )


def detection_losses(
    logits: tf.Tensor, codes: tf.Tensor, anchors: tf.Tensor, labels: tf.Tensor, boxes: tf.Tensor
) -> dict[str, tf.Tensor]:
    """The losses of a batch (arguments as in `image_losses`), each per labelled anchor.

    Returns:
        `classification` and `localisation`, float32 scalars.
    """
    losses = image_losses(logits, codes, anchors, labels, boxes)
    count = tf.maximum(tf.reduce_sum(losses.anchors), 1.0)
    return {
        "classification": tf.reduce_sum(losses.classification) / count,
        "localisation": tf.reduce_sum(losses.localisation) / count,
    }
