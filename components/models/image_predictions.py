"""Predictions of an exported TensorFlow model for the images of a data set."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from ..data.images import decode, read_image
from ..data.items import Item, Task
from ..data.progress import Progress
from .outputs import to_predictions
from .predictions import Prediction


def predict_images(
    call: Callable[[tf.Tensor], dict[str, tf.Tensor]], task: Task, labels: list[str], items: Iterable[Item]
) -> Iterator[tuple[str, Prediction]]:
    """Predicts image by image, since their sizes differ.

    Args:
        call: the exported function, from uint8 [1, H, W, 3] to named outputs.
        task: what the model predicts.
        labels: in the order of the model's classes.
        items: of a data set.

    Yields:
        (item id, prediction)

    Raises:
        InputError: an image is gone or has changed since it was imported.
    """
    progress = Progress("predict", "images")
    for item in items:
        outputs = call(tf.constant(decode(read_image(item))[None]))
        arrays = {name: np.asarray(value) for name, value in outputs.items()}
        yield item.id, to_predictions(task, labels, arrays)[0]
        progress.advance()
