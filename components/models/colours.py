"""Random changes of an image's colours: one linear map of its pixels, clipped once."""

# The stubs of TensorFlow do not know arrays as arguments.
# pyright: reportArgumentType=false

import math
from typing import Protocol

import numpy as np
import tensorflow as tf

# RGB to YIQ (FCC 1953; https://en.wikipedia.org/wiki/YIQ): luma, and two axes of chroma in whose plane hue is the angle
# and saturation the distance from grey.
YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
LUMA = YIQ[0]
_FROM_CHROMA = np.linalg.inv(YIQ)[:, 1:]
_GREY = np.ones((3, 1)) * LUMA  # RGB to the grey of the same luma
_ALONG = _FROM_CHROMA @ YIQ[1:]  # RGB to what it has beyond grey
_ACROSS = _FROM_CHROMA @ [[0, -1], [1, 0]] @ YIQ[1:]  # the same, its hue a quarter of the circle on


class Strengths(Protocol):
    """0 switches a change off.

    Attributes:
        brightness: pixels are multiplied with 1 - brightness to 1 + brightness.
        contrast: distances from the image's mean luma are multiplied with 1 - contrast to 1 + contrast.
        saturation: distances from grey of the same luma are multiplied with 1 - saturation to 1 + saturation.
        hue: colours are turned by up to so much of the circle, as by `tf.image.random_hue`, luma kept.
    """

    brightness: float
    contrast: float
    saturation: float
    hue: float


def change_colours(images: tf.Tensor, draws: tf.Tensor, strengths: Strengths) -> tf.Tensor:
    """Changes hue and saturation, then contrast, then brightness.

    Args:
        images: float32 [N, H, W, 3], 0..255.
        draws: float64 [N, 4], uniform in 0..1, for brightness, contrast, saturation and hue.
        strengths: of the changes.

    Returns:
        float32 [N, H, W, 3], 0..255.
    """
    brightness, contrast, saturation, hue = tf.unstack(2 * draws - 1, axis=1)
    changed = images
    if strengths.saturation or strengths.hue:
        mixing = _mixing(1 + strengths.saturation * saturation, 2 * math.pi * strengths.hue * hue)
        changed = _mixed(changed, mixing)
    if strengths.contrast:
        factor = _of_image(1 + strengths.contrast * contrast)
        changed = (changed - _mean_luma(images)) * factor + _mean_luma(images)
    if strengths.brightness:
        changed *= _of_image(1 + strengths.brightness * brightness)
    return images if changed is images else tf.clip_by_value(changed, 0, 255)


def _mixing(saturation: tf.Tensor, angle: tf.Tensor) -> tf.Tensor:
    """RGB to RGB of another saturation, [N], and hue, [N] in radians: float32 [N, 3, 3]."""
    along, across = saturation * tf.cos(angle), saturation * tf.sin(angle)
    matrix = _GREY + along[:, None, None] * _ALONG + across[:, None, None] * _ACROSS
    return tf.cast(matrix, tf.float32)


def _mixed(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Matrices [N, 3, 3] times pixels; not `tf.matmul`, whose order of adding may hang on the size of the batch."""
    red, green, blue = tf.unstack(images, axis=-1)
    parts = tf.unstack(matrices[..., None, None], axis=1)
    return tf.stack([part[:, 0] * red + part[:, 1] * green + part[:, 2] * blue for part in parts], -1)


def _mean_luma(images: tf.Tensor) -> tf.Tensor:
    """float32 [N, 1, 1, 1]; from sums of integers, which are the same in whatever order threads add them."""
    sums = tf.reduce_sum(tf.cast(images, tf.int32), axis=[1, 2])
    pixels = tf.shape(images)[1] * tf.shape(images)[2]
    luma = tf.reduce_sum(tf.cast(sums, tf.float64) * LUMA, axis=1) / tf.cast(pixels, tf.float64)
    return _of_image(luma)


def _of_image(values: tf.Tensor) -> tf.Tensor:
    """[N] as float32 [N, 1, 1, 1]."""
    return tf.cast(values, tf.float32)[:, None, None, None]
