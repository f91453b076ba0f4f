"""Non-maximum suppression as phones and accelerators have it: LiteRT's operator `TFLite_Detection_PostProcess`.

TensorFlow's own is no operator of LiteRT. The TF Object Detection API marks a function to be replaced by it, as this
does: https://github.com/tensorflow/models/blob/master/research/object_detection/export_tflite_graph_lib_tf2.py. What
the attributes mean: https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/kernels/detection_postprocess.cc
"""

import tensorflow as tf

from ...models.detection.boxes import CODE_SCALES
from ...models.detection.postprocess import BOXES_PER_CLASS, BOXES_PER_IMAGE, IOU_THRESHOLD, SCORE_THRESHOLD, TIE_BREAK

OPERATOR = "TFLite_Detection_PostProcess"
OUTPUTS = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")


def detect(logits: tf.Tensor, codes: tf.Tensor, anchors: tf.Tensor) -> dict[str, tf.Tensor]:
    """What `postprocess` answers, but boxes are not cut off at the picture's edges; only LiteRT can compute it.

    Args:
        logits: float32 [1, A, C].
        codes: float32 [1, A, 4].
        anchors: float32 [A, 4], a constant.
    """
    low, high = anchors[:, :2], anchors[:, 2:]
    falling = tf.linspace(0.0, TIE_BREAK, anchors.shape[0])[:, None]
    classes = logits.shape[-1]
    assert classes
    operator = tf.function(_stand_in, experimental_implements=_description(classes))
    found = operator(codes, tf.sigmoid(logits) - falling, tf.concat([(low + high) / 2, high - low], axis=1))
    return dict(zip(OUTPUTS, found, strict=True))


def _stand_in(codes: tf.Tensor, scores: tf.Tensor, anchors: tf.Tensor) -> list[tf.Tensor]:
    return [tf.constant(0.0, name=name) for name in OUTPUTS]


def _description(classes: int) -> str:
    """The operator with its attributes, in protobuf's text format."""
    y, x, height, width = CODE_SCALES
    attributes = {
        "max_detections": f"i: {BOXES_PER_IMAGE}",
        "max_classes_per_detection": "i: 1",
        "detections_per_class": f"i: {BOXES_PER_CLASS}",
        "use_regular_nms": "b: true",  # class by class
        "nms_score_threshold": f"f: {SCORE_THRESHOLD}",
        "nms_iou_threshold": f"f: {IOU_THRESHOLD}",
        "num_classes": f"i: {classes}",
        **{f"{name}_scale": f"f: {value}" for name, value in zip("yxhw", (y, x, height, width), strict=True)},
    }
    listed = (f'attr {{ key: "{name}" value {{ {value} }} }}' for name, value in attributes.items())
    return " ".join([f'name: "{OPERATOR}"', *listed])
