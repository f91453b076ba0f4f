"""Small real SavedModels whose weights matter, for tests of conversion: a detector, a classifier, a table model."""

from pathlib import Path
from unittest import mock

import keras
import numpy as np
import tensorflow as tf

from graduate.components.data.items import ColumnType
from graduate.components.fine_tune.tasks.tabular_encoding import build_matrix
from graduate.components.fine_tune.tasks.tabular_network import ExportedTable, build_network
from graduate.components.models.architectures import compact_backbone
from graduate.components.models.detection import postprocess
from graduate.components.models.detection.anchors import make_anchors
from graduate.components.models.detection.export import ExportedDetector
from graduate.components.models.detection.network import build_detector
from graduate.components.models.feature_transforms import FeatureTransform, input_columns
from graduate.components.models.image_classifier import ExportedClassifier

SIDE = 64
LABELS = ["cat", "dog", "cow"]


def detector(folder: Path) -> None:
    """A detector whose lists are full: of 20 boxes, at most 6 of a class."""
    keras.utils.set_random_seed(0)
    network = build_detector(compact_backbone(), len(LABELS))
    _move(network)
    with mock.patch.multiple(postprocess, BOXES_PER_CLASS=6, BOXES_PER_IMAGE=16):
        ExportedDetector(network, SIDE, make_anchors(SIDE, SIDE).boxes).save(folder, LABELS)


def classifier(folder: Path) -> None:
    """A classifier of two convolutions with normalisation."""
    keras.utils.set_random_seed(0)
    images = keras.Input((SIDE, SIDE, 3))
    hidden = images
    for width in (8, 12):
        hidden = keras.layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(hidden)
        hidden = keras.layers.BatchNormalization()(hidden)
        hidden = keras.layers.ReLU(6.0)(hidden)
    logits = keras.layers.Dense(len(LABELS), name="logits")(keras.layers.GlobalAveragePooling2D()(hidden))
    network = keras.Model(images, logits)
    _move(network)
    ExportedClassifier(network, SIDE).save(folder, LABELS)


def table(folder: Path) -> None:
    """A model of a number, a date and a category."""
    keras.utils.set_random_seed(0)
    spread = {"mean": 20.0, "standard_deviation": 40.0, "quantiles": np.linspace(-100, 100, 33).tolist()}
    transforms = [
        FeatureTransform("age", ColumnType.NUMBER, "numeric", spread),
        FeatureTransform("opened", ColumnType.DATE, "date", spread),
        FeatureTransform("city", ColumnType.CATEGORY, "one_hot", {"vocabulary": ["Bonn", "Oslo", "Łódź"]}),
    ]
    network = build_network(transforms, len(LABELS))
    ExportedTable(build_matrix(transforms), network, input_columns(transforms), None).save(folder)


class Resized(tf.Module):
    """Shrinks pictures by the area of their pixels, which tf2onnx translates into something else."""

    @tf.function(input_signature=[tf.TensorSpec((None, 50, 70, 3), tf.float32, name="images")])
    def predict(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """float32 [N, 20, 30, 3]."""
        return {"small": tf.image.resize(images, (20, 30), method="area")}


def resized(folder: Path) -> None:
    """A model that only resizes."""
    module = Resized()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.predict})


class Normalised(tf.Module):
    """A classifier of pictures of floats that takes the mean of ImageNet off them, for pixels of 0..1."""

    def __init__(self) -> None:
        """Makes the network."""
        super().__init__()
        keras.utils.set_random_seed(0)
        images = keras.Input((32, 32, 3))
        hidden = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(images)
        hidden = keras.layers.GlobalAveragePooling2D()(hidden)
        self.network = keras.Model(images, keras.layers.Dense(len(LABELS))(hidden))
        _move(self.network)

    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3), tf.float32, name="images")])
    def predict(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Logits, float32 [N, 3]."""
        return {"logits": self.network((images - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])}


def normalised(folder: Path) -> None:
    """A model that may be given floats of any range."""
    module = Normalised()
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.predict})


def _move(network: keras.Model) -> None:
    """Weights and statistics as training leaves them: no two channels alike, none without effect."""
    random = np.random.default_rng(0)
    for variable in network.weights:
        name, value = variable.path.rpartition("/")[2], np.asarray(variable)
        if name in ("gamma", "moving_variance"):
            variable.assign(random.uniform(0.5, 2, value.shape))
        elif name in ("beta", "moving_mean"):
            variable.assign(random.normal(0, 0.3, value.shape))
        elif name == "bias":
            variable.assign(random.normal(0, 0.5, value.shape))
        else:
            variable.assign(value * random.uniform(0.5, 2, value.shape) + random.normal(0, 0.02, value.shape))
