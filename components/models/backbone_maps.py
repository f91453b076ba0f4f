"""The backbone inside a network, found again."""

import keras
from keras import layers

from .architectures import ARCHITECTURES


def find_backbone(network: keras.Model) -> keras.Model | None:
    """The part of a network that is one of `architectures.ARCHITECTURES`; it shares the network's layers.

    Args:
        network: a classifier or detector, on a backbone of `backbones.untrained_backbone` or all of its own.

    Returns:
        From images float32 [N, H, W, 3], -1..1, to the maps of strides 8, 16 and 32; None where there is none.
    """
    inside = {layer.name: layer for layer in network.layers}
    for architecture in ARCHITECTURES:
        if architecture.scales_inside and architecture.name in inside:
            pixels = layers.Rescaling(127.5, offset=127.5)(images := keras.Input(network.input_shape[1:]))
            return keras.Model(images, inside[architecture.name](pixels))
        if inside.keys() >= set(architecture.maps):
            return keras.Model(network.input, [inside[name].output for name in architecture.maps])
    return None
