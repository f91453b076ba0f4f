"""SSDLite on a MobileNetV2: six feature maps, on each a pair of small separable predictors.

Sandler et al. 2018, "MobileNetV2", arXiv:1801.04381, section 6.2; Liu et al. 2016, "SSD", arXiv:1512.02325. Layers,
their sizes and their order are those of `ssdlite_mobilenet_v2_coco` of the TF Object Detection API, whose weights fit.
"""

# The stubs of Keras know neither symbolic tensors nor constants as arguments.
# pyright: reportArgumentType=false

import math

import keras
from keras import layers

from .network import PRIOR_PROBABILITY, batch_norm

# Widths of the four maps that follow the backbone's, each half the one before: 1x1, then 3x3 with stride 2.
EXTRA_WIDTHS = ((256, 512), (128, 256), (128, 256), (64, 128))


def build_ssdlite_heads(
    maps: list[tuple[int | None, ...]], num_classes: int, anchors_per_cell: list[int]
) -> keras.Model:
    """From a backbone's maps of strides 16 and 32 to class logits and box codes.

    Args:
        maps: shapes [H, W, channels] of the two maps.
        num_classes: C.
        anchors_per_cell: of each of the six maps.

    Returns:
        A model from the two maps to logits [N, A, C] and codes [N, A, 4], in the order of `anchors.ssd_anchors`.
    """
    inputs = [keras.Input(shape, name=f"map_{index}") for index, shape in enumerate(maps)]
    levels = [*inputs, *_extra_levels(inputs[-1])]
    bias = -math.log((1 - PRIOR_PROBABILITY) / PRIOR_PROBABILITY)
    logits, codes = [], []
    for index, (level, anchors) in enumerate(zip(levels, anchors_per_cell, strict=True)):
        logits.append(_predictor(level, anchors, num_classes, f"box_predictor_{index}_class", bias))
        codes.append(_predictor(level, anchors, 4, f"box_predictor_{index}_box", 0.0))
    outputs = [layers.Concatenate(axis=1, name="logits")(logits), layers.Concatenate(axis=1, name="codes")(codes)]
    return keras.Model(inputs, outputs, name="heads")


def freeze_extra_norms(heads: keras.Model) -> None:
    """Freezes the batch norms of the four extra maps, which belong to what the API calls the feature extractor."""
    for layer in heads.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.name.startswith("extra_"):
            layer.trainable = False


def _extra_levels(x) -> list:
    levels = []
    for index, (narrow, wide) in enumerate(EXTRA_WIDTHS, start=2):
        name = f"extra_{index}"
        x = _normalised(layers.Conv2D(narrow, 1, use_bias=False, name=f"{name}_narrow")(x), f"{name}_narrow")
        x = layers.DepthwiseConv2D(3, 2, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
        x = _normalised(x, f"{name}_depthwise")
        x = _normalised(layers.Conv2D(wide, 1, use_bias=False, name=f"{name}_wide")(x), f"{name}_wide")
        levels.append(x)
    return levels


def _predictor(x, anchors: int, values: int, name: str, bias: float):
    """Each anchor's values, [N, H * W * anchors, values]."""
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depthwise")(x)
    x = _normalised(x, f"{name}_depthwise")
    initial = keras.initializers.Constant(bias)
    x = layers.Conv2D(anchors * values, 1, bias_initializer=initial, name=name)(x)
    return layers.Reshape((-1, values))(x)


def _normalised(x, name: str):
    return layers.ReLU(6.0, name=f"{name}_relu")(batch_norm(f"{name}_norm")(x))
