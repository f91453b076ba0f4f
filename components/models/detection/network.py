"""The network: a backbone, a feature pyramid and heads shared by its levels.

Feature pyramid: Lin et al. 2017, arXiv:1612.03144. Shared heads: RetinaNet, arXiv:1708.02002.
"""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import math

import keras
import tensorflow as tf
from keras import layers

PYRAMID_CHANNELS = 64
# Decay of the moving statistics, as in the TF Object Detection API's SSD configurations: short trainings need it.
NORM_MOMENTUM = 0.97
# Probability that an untrained head gives each class, so that the many background anchors do not swamp the
# first steps (arXiv:1708.02002, section 4.1).
PRIOR_PROBABILITY = 0.01


def build_detector(backbone: keras.Model, num_classes: int) -> keras.Model:
    """A detector on a backbone.

    Args:
        backbone: images float32 [N, H, W, 3], -1..1, to three feature maps of strides 8, 16 and 32.
        num_classes: C.

    Returns:
        A model from images to class logits [N, A, C] and box codes [N, A, 4], anchors in the order of `anchors`.
    """
    heads = build_heads(backbone, num_classes)
    return keras.Model(backbone.inputs, heads(backbone.outputs), name="detector")


def build_heads(backbone: keras.Model, num_classes: int, channels: int = PYRAMID_CHANNELS) -> keras.Model:
    """What `build_detector` puts on a backbone, alone: from its three feature maps to logits and codes.

    Args:
        backbone: to three feature maps of strides 8, 16 and 32.
        num_classes: C.
        channels: width of the pyramid and of the heads.
    """
    # Of any size, since the heads are shared by maps of several sizes.
    shapes = [(None, None, output.shape[-1]) for output in backbone.outputs]
    maps = [keras.Input(shape, name=f"map_{index}") for index, shape in enumerate(shapes)]
    levels = _pyramid(maps, channels)
    logits_head = _head("classes", channels, num_classes, bias=-math.log((1 - PRIOR_PROBABILITY) / PRIOR_PROBABILITY))
    codes_head = _head("boxes", channels, 4, bias=0.0)
    logits = layers.Concatenate(axis=1, name="logits")([_flatten(logits_head(x), num_classes) for x in levels])
    codes = layers.Concatenate(axis=1, name="codes")([_flatten(codes_head(x), 4) for x in levels])
    return keras.Model(maps, [logits, codes], name="heads")


def _pyramid(features: list, channels: int) -> list:
    """Feature maps of one width, each enriched with the coarser one: fine to coarse."""
    top_down = None
    levels = []
    for index, feature in reversed(list(enumerate(features))):
        lateral = layers.Conv2D(channels, 1, name=f"lateral_{index}")(feature)
        if top_down is not None:
            lateral = layers.Add()([lateral, layers.UpSampling2D(2, interpolation="nearest")(top_down)])
        top_down = lateral
        levels.append(convolution(lateral, channels, 1, f"pyramid_{index}"))
    return levels[::-1]


def _head(name: str, channels: int, outputs: int, bias: float) -> keras.Sequential:
    """Its layers have names of their own, by which a checkpoint of such a detector is restored."""
    initial = keras.initializers.Constant(bias)
    return keras.Sequential(
        [
            layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_head_convolution"),
            batch_norm(f"{name}_head_norm"),
            layers.ReLU(),
            layers.Conv2D(outputs, 3, padding="same", bias_initializer=initial, name=f"{name}_head_outputs"),
        ],
        name=f"{name}_head",
    )


def _flatten(x, channels: int):
    return layers.Reshape((-1, channels))(x)


def batch_norm(name: str) -> layers.BatchNormalization:
    """A batch normalisation; of workers that share batches, over the whole batch."""
    synchronized = tf.distribute.has_strategy()
    return layers.BatchNormalization(momentum=NORM_MOMENTUM, synchronized=synchronized, name=name)


def convolution(x, channels: int, stride: int, name: str):
    """A 3x3 convolution with batch normalisation and ReLU."""
    x = layers.Conv2D(channels, 3, stride, padding="same", use_bias=False, name=name)(x)
    x = batch_norm(f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
