"""Backbones: images to feature maps of strides 8, 16 and 32, with the weights that a checkpoint brings."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from ..data import storage
from ..errors import InputError
from .detection.network import convolution

COMPACT_WIDTHS = (16, 32, 64, 96, 128)
# The last layers of MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) at strides 8, 16 and 32; SSDLite uses the
# latter two (section 6.2).
MOBILENET_V2_MAPS = ("block_6_expand_relu", "block_13_expand_relu", "out_relu")


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
        checkpoint: "" for none; `imagenet` for the weights that keras.applications downloads; otherwise a local
            path or `gs://` URI of a `.weights.h5` file of `compact_backbone` or of keras.applications.MobileNetV2
            (width 1.0, with or without its classification head).

    Raises:
        InputError: the file cannot be read or fits neither network, or there is no network to download from.
    """
    if not checkpoint:
        return Backbone(compact_backbone(), 256, "Trained from nothing: no pretrained weights were given.", False)
    if checkpoint == "imagenet":
        return Backbone(
            _mobilenet_v2_of_imagenet(), 320, "MobileNetV2 pretrained on ImageNet (keras.applications).", True
        )
    network, name, size = _load_file(checkpoint)
    return Backbone(network, size, f"{name} with the weights of {checkpoint}.", True)


def compact_backbone() -> keras.Model:
    """A small convolutional network (0.46 M weights) that can be trained from nothing on a few hundred images."""
    images = keras.Input((None, None, 3), name="images")
    x, maps = images, []
    for level, width in enumerate(COMPACT_WIDTHS):
        x = convolution(x, width, 2, f"stage_{level}_down")
        if level >= 2:
            x = convolution(x, width, 1, f"stage_{level}_mix")
            maps.append(x)
    return keras.Model(images, maps, name="compact")


def _headless_mobilenet_v2(weights: str | None = None) -> keras.Model:
    return keras.applications.MobileNetV2((None, None, 3), include_top=False, weights=weights)


def _with_maps(whole: keras.Model) -> keras.Model:
    maps = [whole.get_layer(name).output for name in MOBILENET_V2_MAPS]
    return keras.Model(whole.inputs, maps, name="mobilenet_v2")


def _mobilenet_v2_of_imagenet() -> keras.Model:
    try:
        return _with_maps(_headless_mobilenet_v2("imagenet"))
    except Exception as error:  # keras raises a bare Exception when the download fails
        raise InputError(
            f"the ImageNet weights cannot be downloaded ({error}): give fine_tune_checkpoint a local .weights.h5 file "
            "of MobileNetV2, or leave it empty to train from nothing"
        ) from error


def _load_file(checkpoint: str) -> tuple[keras.Model, str, int]:
    """The first network whose variables fit the file, its name and its image size."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.weights.h5"
        try:
            file.write_bytes(storage.read_bytes(checkpoint))
        except OSError as error:
            raise InputError(f"fine_tune_checkpoint {checkpoint} cannot be read: {error}") from error
        candidates: list[tuple[Callable[[Path], keras.Model], str, int]] = [
            (_load_compact, "The compact backbone", 256),
            (_load_mobilenet_v2, "MobileNetV2", 320),
            (_load_mobilenet_v2_with_head, "MobileNetV2", 320),
        ]
        for load, name, size in candidates:
            try:
                return load(file), name, size
            except (ValueError, KeyError, OSError):
                continue
    raise InputError(
        f"fine_tune_checkpoint {checkpoint} fits no known backbone: give Keras weights (.weights.h5) of MobileNetV2 "
        "(width 1.0) or of the compact backbone, `imagenet`, or nothing"
    )


def _load_compact(file: Path) -> keras.Model:
    network = compact_backbone()
    network.load_weights(file)
    return network


def _load_mobilenet_v2(file: Path) -> keras.Model:
    headless = _headless_mobilenet_v2()
    headless.load_weights(file)
    return _with_maps(headless)


def _load_mobilenet_v2_with_head(file: Path) -> keras.Model:
    with_head = keras.applications.MobileNetV2(weights=None)
    with_head.load_weights(file)
    headless = _headless_mobilenet_v2()
    for layer in headless.layers:
        layer.set_weights(with_head.get_layer(layer.name).get_weights())
    return _with_maps(headless)
