"""Backbones: images to feature maps of strides 8, 16 and 32, with the weights that a checkpoint brings."""

from dataclasses import dataclass

import keras
from keras import layers

from .architectures import COMPACT, MOBILENET_V2, Architecture, compact_backbone
from .checkpoints.read import read_weights
from .checkpoints.weights import place


@dataclass(frozen=True)
class Backbone:
    """A network and where its weights come from.

    Attributes:
        network: float32 [N, H, W, 3], -1..1, to three feature maps of strides 8, 16 and 32.
        image_size: height and width in pixels that it is meant for.
        pretrained: one plain sentence on the weights.
        is_pretrained: whether the weights come from a checkpoint.
    """

    network: keras.Model
    image_size: int
    pretrained: str
    is_pretrained: bool


def load_backbone(checkpoint: str) -> Backbone:
    """The backbone that a checkpoint belongs to, with its weights.

    Args:
        checkpoint: "" for none; `imagenet` for the weights of MobileNetV2 that keras.applications downloads; otherwise
            a local path or `gs://` URI in one of the forms of `checkpoints.read`.

    Raises:
        InputError: the checkpoint cannot be read or fits no network, or there is no network to download from.
    """
    if not checkpoint:
        network = compact_backbone()
        return Backbone(network, COMPACT.image_size, "Trained from nothing: no pretrained weights were given.", False)
    pretrained = read_weights(checkpoint, MOBILENET_V2)
    architecture = pretrained.architecture
    network = untrained_backbone(architecture)
    for variable in network.weights:
        variable.assign(pretrained.weights[place(variable.path)].value)
    sentence = f"Backbone {architecture.name} with the weights of {checkpoint}."
    if checkpoint == "imagenet":
        sentence = f"Backbone {architecture.name} pretrained on ImageNet (keras.applications)."
    return Backbone(network, architecture.image_size, sentence, True)


def untrained_backbone(architecture: Architecture, size: int | None = None) -> keras.Model:
    """A network of an architecture as `Backbone.network` describes it, its weights random."""
    return _with_maps(architecture.build(size), architecture)


def _with_maps(whole: keras.Model, architecture: Architecture) -> keras.Model:
    maps = [whole.get_layer(name).output for name in architecture.maps]
    network = keras.Model(whole.inputs, maps, name=architecture.name)
    if not architecture.scales_inside:
        return network
    images = keras.Input(whole.input_shape[1:], name="images")
    return keras.Model(images, network(layers.Rescaling(127.5, offset=127.5)(images)), name=architecture.name)
