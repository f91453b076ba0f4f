"""The networks that can be backbones, with random weights."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from .detection.network import convolution

COMPACT_WIDTHS = (16, 32, 64, 96, 128)


@dataclass(frozen=True)
class Architecture:
    """A network that can be a backbone.

    Attributes:
        name: as keras.applications has it.
        build: the network without a classification head, its weights random, for images of a size in pixels; None is
            any.
        maps: names of its last layers at strides 8, 16 and 32.
        image_size: height and width in pixels that it is meant for.
        scales_inside: whether it takes pixels, 0..255, and scales them itself; the others take -1..1.
    """

    name: str
    build: Callable[[int | None], keras.Model]
    maps: tuple[str, str, str]
    image_size: int = 320
    scales_inside: bool = False


def compact_backbone(size: int | None = None) -> keras.Model:
    """A small convolutional network (0.46 M weights) that can be trained from nothing on a few hundred images."""
    images = keras.Input((size, size, 3), name="images")
    x, maps = images, []
    for level, width in enumerate(COMPACT_WIDTHS):
        x = convolution(x, width, 2, f"stage_{level}_down")
        if level >= 2:
            x = convolution(x, width, 1, f"stage_{level}_mix")
            maps.append(x)
    return keras.Model(images, maps, name="compact")


def _headless(application: Callable[..., keras.Model]) -> Callable[[int | None], keras.Model]:
    return lambda size: application(input_shape=(size, size, 3), include_top=False, weights=None)


COMPACT = Architecture(
    "compact", compact_backbone, ("stage_2_mix_relu", "stage_3_mix_relu", "stage_4_mix_relu"), image_size=256
)
# Sandler et al. 2018, arXiv:1801.04381; SSDLite uses the latter two maps (section 6.2).
MOBILENET_V2 = Architecture(
    "MobileNetV2",
    _headless(keras.applications.MobileNetV2),
    ("block_6_expand_relu", "block_13_expand_relu", "out_relu"),
)
# EfficientNetB0 is no member: keras builds another network of it for ImageNet's weights than for weights from a file.
ARCHITECTURES = (
    COMPACT,
    MOBILENET_V2,
    Architecture(
        "MobileNet",
        _headless(keras.applications.MobileNet),
        ("conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu"),
    ),
    Architecture(
        "EfficientNetV2B0",
        _headless(keras.applications.EfficientNetV2B0),
        ("block4a_expand_activation", "block6a_expand_activation", "top_activation"),
        scales_inside=True,
    ),
    Architecture(
        "ResNet50V2",
        _headless(keras.applications.ResNet50V2),
        ("conv3_block4_preact_relu", "conv4_block6_preact_relu", "post_relu"),
    ),
)
BY_NAME = {each.name: each for each in ARCHITECTURES}
KNOWN = ", ".join(BY_NAME)
