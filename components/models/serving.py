"""How a model of images is called from outside: as pixels, as image files or as tf.train.Example, to the same answers.

The three inputs and their names are those of the TF Object Detection API (`object_detection/exporter_lib_v2.py` of
https://github.com/tensorflow/models), which exports one of them, for one image at a time. Here a model has all three,
for any number of images. Labels and preprocessing travel inside the SavedModel, as assets.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import keras
import tensorflow as tf

from ..data import storage
from ..data.items import Task
from .backbone_maps import find_backbone
from .image_input import resized, scaled

LABELS, PREPROCESSING = "labels.txt", "preprocessing.json"
ENCODED_IMAGE = "image/encoded"  # the feature of a tf.train.Example that holds the image file
GRAPH = "saved_model.pb"  # the file without which a folder is no SavedModel


class ExportedImageModel(tf.Module):
    """A network with its preprocessing; what its outputs mean is for the subclass to say.

    The three functions answer the same images with the same bits, as long as they get as many of them at a time.
    """

    task: ClassVar[Task]

    def __init__(self, network: keras.Model, size: int, is_multi_label: bool = False) -> None:
        """Wraps a network for pictures that it sees at `size` x `size` pixels.

        Args:
            network: takes images float32 [N, size, size, 3], -1..1.
            size: in pixels.
            is_multi_label: whether an image may have several labels.
        """
        super().__init__()
        self._is_multi_label = is_multi_label
        self._network = network
        self._size = size

    def answer(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """The named outputs, each [N, ...], for images as the network takes them."""
        raise NotImplementedError

    def raw(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """What `answer` gives or, where that takes operations that phones lack, what it is made of."""
        return self.answer(images)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8, name="image_tensor")])
    def predict(self, image_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers for pixels: uint8 [N, H, W, 3], RGB, of any height and width; N is at least 1."""
        return self.answer(scaled(resized(image_tensor, self._size)))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="encoded_image_string_tensor")])
    def predict_encoded(self, encoded_image_string_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers for image files: string [N], see `decode`; their sizes may differ; N is at least 1.

        Raises:
            tf.errors.InvalidArgumentError: a file is broken; none of the batch is answered.
        """
        shape = tf.TensorSpec((self._size, self._size, 3), tf.float32)
        images = tf.map_fn(
            lambda file: resized(decode(file)[None], self._size)[0],
            encoded_image_string_tensor,
            fn_output_signature=shape,
        )
        return self.answer(scaled(images))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="tf_example_string_tensor")])
    def predict_examples(self, tf_example_string_tensor: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers for serialized tf.train.Example: string [N], each with an image file as its feature `ENCODED_IMAGE`.

        Raises:
            tf.errors.InvalidArgumentError: one has no such feature, or as `predict_encoded`.
        """
        features = {ENCODED_IMAGE: tf.io.FixedLenFeature((), tf.string)}
        files: Any = tf.io.parse_example(tf_example_string_tensor, features)[ENCODED_IMAGE]
        return self.predict_encoded(files)

    def save(self, folder: Path, labels: Sequence[str]) -> None:
        """Writes a SavedModel with a signature for each input, named as the input; `serving_default` takes pixels.

        Beside the signatures there are functions, for other forms of the model: `at_own_size` from pixels float32
        [N, size, size, 3], 0..255, to what `raw` gives, and, where the network stands on a known backbone,
        `feature_maps` from what `predict` takes to float32 `map_0`, `map_1` and `map_2`, fine to coarse.

        Args:
            folder: to write.
            labels: in the order of the network's classes.
        """
        with tempfile.TemporaryDirectory() as scratch:
            self._assets = [tf.saved_model.Asset(str(file)) for file in self._describe(Path(scratch), labels)]
            signatures = {
                "serving_default": self.predict,
                "image_tensor": self.predict,
                "encoded_image_string_tensor": self.predict_encoded,
                "tf_example_string_tensor": self.predict_examples,
            }
            self._add_functions()
            tf.saved_model.save(self, str(folder), signatures=signatures)

    def _add_functions(self) -> None:
        pixels = tf.TensorSpec((None, self._size, self._size, 3), tf.float32, name="pixels")
        self.at_own_size = tf.function(lambda pixels: self.raw(scaled(pixels)), input_signature=[pixels])
        if backbone := find_backbone(self._network):
            images = tf.TensorSpec((None, None, None, 3), tf.uint8, name="image_tensor")
            maps = {f"map_{place}": output for place, output in enumerate(backbone.outputs)}
            network = keras.Model(backbone.inputs, maps)
            self.feature_maps = tf.function(
                lambda image_tensor: network(scaled(resized(image_tensor, self._size)), training=False),
                input_signature=[images],
            )

    def _describe(self, folder: Path, labels: Sequence[str]) -> list[Path]:
        """Writes the assets."""
        names, steps = folder / LABELS, folder / PREPROCESSING
        names.write_text("".join(" ".join(label.splitlines()) + "\n" for label in labels), encoding="utf-8")
        described = preprocessing(self.task, labels, self._size, self._is_multi_label)
        steps.write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return [names, steps]


def preprocessing(task: Task, labels: Sequence[str], size: int, is_multi_label: bool = False) -> dict[str, Any]:
    """What the asset `PREPROCESSING` says: how the graph prepares an image, and what its answers mean.

    Args:
        task: what the model predicts.
        labels: in the order of its classes.
        size: height and width in pixels that it resizes to.
        is_multi_label: whether an image may have several labels, each with a probability of its own.
    """
    return {
        "graduate": version("graduate"),
        "task": task,
        "labels": list(labels),
        "multi_label": is_multi_label,
        "first_class": 0,
        "done_by": "the graph itself: give images as they are",
        "channels": "RGB",
        "height": size,
        "width": size,
        "resize": "bilinear",
        "keeps_aspect_ratio": False,
        "range": [-1.0, 1.0],
    }


def decode(file: tf.Tensor) -> tf.Tensor:
    """The pixels of an image file, as `data.images.decode` reads them for training.

    Args:
        file: string []: JPEG, PNG, BMP, WebP, or GIF (the first frame); in colour, grey, with transparency (which is
            dropped) or of 16 bits. Colour tables of BMP files are not looked at.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        tf.errors.InvalidArgumentError: the file is broken, or of another format.
    """
    # `decode_image` takes the fast and rough inverse DCT for JPEG; with the accurate one pixels are those of Pillow.
    image = tf.cond(
        tf.io.is_jpeg(file),
        lambda: tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(file, channels=3, expand_animations=False),
    )
    return tf.ensure_shape(image, (None, None, 3))


def publish(saved_model: Path, location: str) -> None:
    """Copies a SavedModel to where Vertex AI looks for it: the folder that it names in `AIP_MODEL_DIR`.

    https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables. `saved_model.pb` comes
    last, so that a copy that was broken off is no model.

    Args:
        saved_model: folder of a SavedModel.
        location: a folder on this machine or in Cloud Storage (`gs://`); files of the same names are replaced.

    Raises:
        OSError: the location may not be written.
    """
    files = sorted((file for file in saved_model.rglob("*") if file.is_file()), key=lambda file: file.name == GRAPH)
    for file in files:
        target = storage.join(location, file.relative_to(saved_model).as_posix())
        if storage.is_remote(target):
            storage.upload(file, target)
        else:
            with storage.write_atomically(target) as aside:
                shutil.copyfile(file, aside)
