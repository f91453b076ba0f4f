"""An image classifier on a backbone: pooled features, then one dense layer."""

from pathlib import Path

import keras
import tensorflow as tf
from keras import layers

from .image_input import resized, scaled


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


class ExportedClassifier(tf.Module):
    """A classifier with its preprocessing."""

    def __init__(self, network: keras.Model, size: int) -> None:
        """Wraps a network (of `build_classifier`) for pictures that it sees at `size` x `size` pixels."""
        super().__init__()
        self._network = network
        self._size = size

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8, name="image_tensor")])
    def classify(self, image_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classifies pictures.

        Args:
            image_tensor: uint8 [N, H, W, 3], RGB, of any height and width.

        Returns:
            `probabilities` float32 [N, C], rows add up to 1.
        """
        logits = self._network(scaled(resized(image_tensor, self._size)), training=False)
        return {"probabilities": tf.nn.softmax(logits)}

    def save(self, folder: Path) -> None:
        """Writes a SavedModel with the signature `serving_default`."""
        tf.saved_model.save(self, str(folder), signatures={"serving_default": self.classify})
