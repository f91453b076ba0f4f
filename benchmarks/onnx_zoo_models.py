"""The models of the ONNX zoo: none with weights that were downloaded, and none whose answers say nothing.

An untrained network answers nearly the same whatever it is shown, and any conversion of it looks right. So norms get
the statistics of pictures, what starts as zero or one does not stay so, and answers are scaled to spread.
"""

# The stubs of TensorFlow and Keras know neither layers as functions nor arrays as arguments.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false, reportOptionalOperand=false

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import applications, layers
from numpy.typing import NDArray

from benchmarks.gate_images import photograph
from graduate.components.models.architectures import compact_backbone
from graduate.components.models.detection.detector import SSDLITE, build
from graduate.components.models.detection.export import ExportedDetector
from graduate.components.models.image_classifier import ExportedClassifier, build_classifier
from graduate.components.models.training import settle_norms
from graduate.components.onnx_convert.proof.pictures import pictures

CLASSES = 10
SPREAD = 2.0  # standard deviation of a logit
# Each module of keras.applications by its smallest network, and the pixels that this is shown.
FAMILIES = {
    "convnext": ("ConvNeXtTiny", 64),
    "densenet": ("DenseNet121", 64),
    "efficientnet": ("EfficientNetB0", 96),
    "efficientnet_v2": ("EfficientNetV2B0", 96),
    "inception_resnet_v2": ("InceptionResNetV2", 75),
    "inception_v3": ("InceptionV3", 75),
    "mobilenet": ("MobileNet", 64),
    "mobilenet_v2": ("MobileNetV2", 64),
    "mobilenet_v3": ("MobileNetV3Small", 64),
    "nasnet": ("NASNetMobile", 64),
    "resnet": ("ResNet50", 64),
    "resnet_v2": ("ResNet50V2", 64),
    "vgg16": ("VGG16", 48),
    "vgg19": ("VGG19", 48),
    "xception": ("Xception", 75),
}


class Served(tf.Module):
    """A function with one signature, and the network that it calls."""

    def __init__(self, call: Callable[..., Any], *inputs: tf.TensorSpec, holds: Any = None) -> None:
        """Makes a signature of a function.

        Args:
            call: from tensors to named tensors.
            inputs: what it takes.
            holds: the network or tables whose variables it uses.
        """
        super().__init__()
        self.holds = holds
        self.call = tf.function(call, input_signature=inputs, autograph=False)

    def save(self, folder: Path) -> None:
        """Writes the SavedModel."""
        tf.saved_model.save(self, str(folder), signatures={"serving_default": self.call})


def save_application(module: str, folder: Path) -> int:
    """Writes a network of keras.applications with its own preprocessing: from uint8 [N, S, S, 3] to logits.

    Returns:
        Number of parameters.
    """
    name, size = FAMILIES[module]
    network = getattr(applications, name)(
        weights=None, classes=CLASSES, input_shape=(size, size, 3), classifier_activation=None
    )
    prepare = getattr(applications, module).preprocess_input
    calibrate(network, prepare(_pictures(size)))

    def call(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"logits": network(prepare(tf.cast(image, tf.float32)), training=False)}

    Served(call, tf.TensorSpec((None, size, size, 3), tf.uint8, "image"), holds=network).save(folder)
    return network.count_params()


def save_detector(architecture: str, folder: Path) -> int:
    """Writes one of our detectors, with preprocessing and non-maximum suppression; returns its parameters."""
    size = 96 if architecture == SSDLITE else 64
    detector = build(architecture, 2, size)
    images = _pictures(size) / 127.5 - 1
    _disturb(detector.network)
    settle_norms(detector.network, [tf.constant(images)])
    logits = np.asarray(detector.network(images)[0])
    for layer in detector.network._flatten_layers():
        if isinstance(layer, layers.Conv2D) and "class" in layer.name and layer.bias is not None:
            layer.kernel.assign(layer.kernel * SPREAD / logits.std())
            layer.bias.assign(layer.bias * 0 - 1)
    ExportedDetector(detector.network, size, detector.anchors.boxes).save(folder, ["cat", "dog"])
    return detector.network.count_params()


def save_classifier(folder: Path) -> int:
    """Writes our classifier on the compact backbone, with preprocessing; returns its parameters."""
    network = build_classifier(compact_backbone(), CLASSES)
    calibrate(network, _pictures(64) / 127.5 - 1)
    ExportedClassifier(network, 64).save(folder, [str(label) for label in range(CLASSES)])
    return network.count_params()


def calibrate(network: keras.Model, inputs: NDArray[np.float32]) -> None:
    """Makes a network's logits [N, C] spread by `SPREAD` over some inputs, in place."""
    _disturb(network)
    settle_norms(network, [tf.constant(inputs[0::2]), tf.constant(inputs[1::2])])
    logits = np.asarray(network(inputs, training=False))
    spread, mean = logits.std(0), logits.mean(0)
    assert spread.min() > 0, "the network answers the same to all inputs"
    last = [each for each in network.layers if getattr(each, "kernel", None) is not None][-1]
    last.kernel.assign(last.kernel * (SPREAD / spread))
    last.bias.assign((last.bias - mean) * (SPREAD / spread))


def _disturb(network: keras.Model) -> None:
    """Gives biases and scales values of their own: ConvNeXt's, for one, begin as 1e-6 and hide whole blocks.

    With biases around 1 the activations are near their linear parts. Around 0, batch norms make rounding grow with
    depth beyond what any proof tolerates (Yang et al. 2019, arXiv:1902.08129), as in no trained network.
    """
    for variable in network.trainable_variables:
        if variable.name in ("bias", "beta"):
            variable.assign(keras.random.normal(variable.shape, mean=1.0, stddev=0.3))
        if variable.name == "gamma":
            variable.assign(keras.random.uniform(variable.shape, 0.5, 1.5))


def _pictures(size: int) -> NDArray[np.float32]:
    """48 pictures, 0..255: photographs, and what a proof makes up, which is nothing new to the norms then."""
    rng = np.random.default_rng(0)
    photographs = [np.asarray(photograph(rng).resize((size, size)), np.float32) for _ in range(16)]
    return rng.permutation(np.concatenate([photographs, 255 * pictures(32, size, size, 3, seed=100)]))
