"""Backbones: images to feature maps of strides 8, 16 and 32, with the weights that a checkpoint brings."""

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
from keras import layers

from ..data import storage
from ..errors import InputError
from .detection.network import convolution

COMPACT_WIDTHS = (16, 32, 64, 96, 128)


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


@dataclass(frozen=True)
class Architecture:
    """A network that can be a backbone.

    Attributes:
        name: as keras.applications has it.
        build: the network without a classification head, for images of any size, its weights random.
        maps: names of its last layers at strides 8, 16 and 32.
        image_size: height and width in pixels that it is meant for.
        scales_inside: whether it takes pixels, 0..255, and scales them itself; the others take -1..1.
    """

    name: str
    build: Callable[[], keras.Model]
    maps: tuple[str, str, str]
    image_size: int = 320
    scales_inside: bool = False


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


def _headless(application: Callable[..., keras.Model]) -> Callable[[], keras.Model]:
    return lambda: application(input_shape=(None, None, 3), include_top=False, weights=None)


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
KNOWN = ", ".join(each.name for each in ARCHITECTURES)


def load_backbone(checkpoint: str) -> Backbone:
    """The backbone that a checkpoint belongs to, with its weights.

    Args:
        checkpoint: "" for none; `imagenet` for the weights of MobileNetV2 that keras.applications downloads; otherwise
            a local path or `gs://` URI of a Keras `.weights.h5` file of one of `ARCHITECTURES`, those of
            keras.applications (https://keras.io/api/applications) with or without their classification head.

    Raises:
        InputError: the file cannot be read or fits no network, or there is no network to download from.
    """
    if not checkpoint:
        network = compact_backbone()
        return Backbone(network, COMPACT.image_size, "Trained from nothing: no pretrained weights were given.", False)
    if checkpoint == "imagenet":
        architecture, whole = MOBILENET_V2, _download()
        sentence = "Backbone MobileNetV2 pretrained on ImageNet (keras.applications)."
    else:
        architecture, whole = _load_file(checkpoint)
        sentence = f"Backbone {architecture.name} with the weights of {checkpoint}."
    return Backbone(_with_maps(whole, architecture), architecture.image_size, sentence, True)


def _with_maps(whole: keras.Model, architecture: Architecture) -> keras.Model:
    maps = [whole.get_layer(name).output for name in architecture.maps]
    network = keras.Model(whole.inputs, maps, name=architecture.name)
    if not architecture.scales_inside:
        return network
    images = keras.Input((None, None, 3), name="images")
    return keras.Model(images, network(layers.Rescaling(127.5, offset=127.5)(images)), name=architecture.name)


def _download() -> keras.Model:
    try:
        return keras.applications.MobileNetV2((None, None, 3), include_top=False, weights="imagenet")
    except Exception as error:  # keras raises a bare Exception when the download fails
        raise InputError(
            f"the ImageNet weights cannot be downloaded ({error}): give the checkpoint as a local path or gs:// URI of "
            f"a .weights.h5 file of one of {KNOWN}; or leave it empty to train from nothing"
        ) from error


def _load_file(checkpoint: str) -> tuple[Architecture, keras.Model]:
    """The first architecture whose variables fit the file, and its network with them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "checkpoint.weights.h5"
        try:
            file.write_bytes(storage.read_bytes(checkpoint))
        except OSError as error:
            raise InputError(f"the checkpoint {checkpoint} cannot be read: {error}") from error
        try:
            h5py.File(file).close()
        except OSError as error:
            raise InputError(
                f"the checkpoint {checkpoint} fits no known backbone: it is damaged, or no .weights.h5 file ({error}); "
                "copy it again"
            ) from error
        for architecture in ARCHITECTURES:
            network = architecture.build()
            if _fits(network, file):
                return architecture, network
    raise InputError(
        f"the checkpoint {checkpoint} fits no known backbone: give Keras weights (.weights.h5) of one of {KNOWN}; "
        "`imagenet`; or nothing"
    )


def _fits(network: keras.Model, file: Path) -> bool:
    """Loads a file's weights into a network; whether it has all of them, in their shapes."""
    with warnings.catch_warnings():
        # Files of older versions lack groups that hold no weights.
        warnings.filterwarnings("ignore", message="Skipping nested container")
        try:
            network.load_weights(file)
        except (ValueError, KeyError, OSError):
            return False
    return True
