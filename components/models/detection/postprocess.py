"""From what the network answers to boxes: decoding and non-maximum suppression, class by class."""

import tensorflow as tf

from .boxes import decode

SCORE_THRESHOLD = 0.02
IOU_THRESHOLD = 0.5
BOXES_PER_CLASS = 100
BOXES_PER_IMAGE = 100
# Where features are the same, as on empty paper, scores are exactly equal, and runtimes suppress equals in different
# orders. Scores fall by this much from the first anchor to the last, so that every runtime keeps the same ones.
TIE_BREAK = 2e-4


def postprocess(logits: tf.Tensor, codes: tf.Tensor, anchors: tf.Tensor) -> dict[str, tf.Tensor]:
    """The boxes of a batch, with the names and conventions of the TF Object Detection API's exported models.

    Args:
        logits: float32 [N, A, C].
        codes: float32 [N, A, 4].
        anchors: float32 [A, 4].

    Returns:
        `detection_boxes` float32 [N, K, 4], [ymin, xmin, ymax, xmax] in 0..1; `detection_classes` float32 [N, K],
        index in the labels; `detection_scores` float32 [N, K], descending; `num_detections` float32 [N], how many of
        the K = 100 are meant.
    """
    falling = tf.linspace(0.0, TIE_BREAK, tf.shape(anchors)[0])[:, None]
    found = tf.image.combined_non_max_suppression(
        decode(codes, anchors[None])[:, :, None, :],
        tf.sigmoid(logits) - falling,
        BOXES_PER_CLASS,
        BOXES_PER_IMAGE,
        IOU_THRESHOLD,
        SCORE_THRESHOLD,
        clip_boxes=True,
    )
    return {
        "detection_boxes": found.nmsed_boxes,
        "detection_classes": found.nmsed_classes,
        "detection_scores": found.nmsed_scores,
        "num_detections": tf.cast(found.valid_detections, tf.float32),
    }
