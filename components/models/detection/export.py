"""The detector as a SavedModel: from pictures of any size to boxes, everything inside."""

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...data.items import Task
from ..serving import ExportedImageModel
from .postprocess import postprocess


class ExportedDetector(ExportedImageModel):
    """A detector with its preprocessing and non-maximum suppression."""

    task = Task.OBJECT_DETECTION

    def __init__(self, network: keras.Model, size: int, anchors: NDArray[np.float32]) -> None:
        """Wraps a network for pictures that it sees at `size` x `size` pixels.

        Args:
            network: from images float32 [N, size, size, 3], -1..1, to logits [N, A, C] and codes [N, A, 4].
            size: in pixels.
            anchors: float32 [A, 4], [ymin, xmin, ymax, xmax], 0..1 and beyond at the edges.
        """
        super().__init__(network, size)
        self._anchors = tf.constant(anchors)

    def answer(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Boxes, as `postprocess.postprocess` gives them, for images float32 [N, size, size, 3], -1..1."""
        return postprocess(**self.raw(images))

    def raw(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What `postprocess.postprocess` takes: `logits`, `codes` and `anchors`."""
        logits, codes = self._network(images, training=False)
        return {"logits": logits, "codes": codes, "anchors": self._anchors}
