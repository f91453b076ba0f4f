"""The detector as a SavedModel: from pictures of any size to boxes, everything inside."""

from pathlib import Path

import keras
import tensorflow as tf

from ..image_input import resized, scaled
from .anchors import make_anchors
from .postprocess import postprocess


class ExportedDetector(tf.Module):
    """A detector with its preprocessing and non-maximum suppression."""

    def __init__(self, network: keras.Model, size: int) -> None:
        """Wraps a network (of `network.build_detector`) for pictures that it sees at `size` x `size` pixels."""
        super().__init__()
        self._network = network
        self._anchors = tf.constant(make_anchors(size, size).boxes)
        self._size = size

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8, name="image_tensor")])
    def detect(self, image_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Finds objects.

        Args:
            image_tensor: uint8 [N, H, W, 3], RGB, of any height and width.

        Returns:
            As `postprocess.postprocess`.
        """
        logits, codes = self._network(scaled(resized(image_tensor, self._size)), training=False)
        return postprocess(logits, codes, self._anchors)

    def save(self, folder: Path) -> None:
        """Writes a SavedModel with the signature `serving_default`."""
        tf.saved_model.save(self, str(folder), signatures={"serving_default": self.detect})
