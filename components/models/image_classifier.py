"""An image classifier on a backbone: pooled features, then one dense layer."""

import keras
import tensorflow as tf
from keras import layers

from ..data.items import Task
from .serving import ExportedImageModel


def build_embedding(backbone: keras.Model) -> keras.Model:
    """A backbone's feature maps of strides 16 and 32, pooled over the picture.

    Args:
        backbone: float32 [N, H, W, 3], -1..1, to three feature maps.

    Returns:
        A model from images to features, float32 [N, F].
    """
    _, middle, coarse = backbone.outputs
    pooled = [layers.GlobalAveragePooling2D()(middle), layers.GlobalAveragePooling2D()(coarse)]
    return keras.Model(backbone.inputs, layers.Concatenate(name="embedding")(pooled), name="embedding")


def build_classifier(backbone: keras.Model, num_classes: int) -> keras.Model:
    """A model from images, float32 [N, H, W, 3], -1..1, to class logits, float32 [N, num_classes]."""
    embedding = build_embedding(backbone)
    logits = layers.Dense(num_classes, name="logits")(embedding.output)
    return keras.Model(embedding.inputs, logits, name="classifier")


class ExportedClassifier(ExportedImageModel):
    """A classifier (of `build_classifier`) with its preprocessing."""

    task = Task.IMAGE_CLASSIFICATION

    def __init__(self, network: keras.Model, size: int, is_multi_label: bool = False) -> None:
        """Wraps a network for pictures that it sees at `size` x `size` pixels; see `answer` for several labels."""
        super().__init__(network, size, is_multi_label)
        self._to_probabilities = tf.sigmoid if is_multi_label else tf.nn.softmax

    def answer(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """`probabilities` float32 [N, C] for images float32 [N, size, size, 3], -1..1.

        Rows add up to 1; where images have several labels, each label has a probability of its own.
        """
        return {"probabilities": self._to_probabilities(self._network(images, training=False))}
