"""Pixels as every network of images takes them: the one preprocessing of training, features and exported models."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Pixels = tf.Tensor | NDArray[np.uint8]


def scaled(images: Pixels) -> tf.Tensor:
    """Pixels 0..255 of any type as float32, -1..1, which is what keras.applications.MobileNetV2 was trained with."""
    return tf.cast(images, tf.float32) / 127.5 - 1


def resized(images: Pixels, size: int) -> tf.Tensor:
    """Images [N, H, W, 3] at `size` x `size` pixels, bilinear, aspect ratio not kept: float32."""
    return tf.image.resize(tf.cast(images, tf.float32), (size, size))
