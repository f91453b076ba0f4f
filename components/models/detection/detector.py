"""The detectors there are: a backbone, heads, anchors, and who is responsible for which box."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from ...errors import InputError
from ..architectures import BY_NAME, Architecture
from ..backbones import untrained_backbone
from ..network_names import DETECTORS, PYRAMIDS, SSDLITE
from .anchors import SSD_SHAPES, STRIDES, Anchors, make_anchors, ssd_anchors
from .assigner import assign, match
from .network import build_heads
from .ssdlite import build_ssdlite_heads


@dataclass(frozen=True)
class Detector:
    """A detector for images of one size.

    Attributes:
        architecture: one of `DETECTORS`.
        image_size: height and width in pixels.
        backbone: images float32 [N, H, W, 3], -1..1, to feature maps.
        heads: from those maps to class logits [N, A, C] and box codes [N, A, 4].
        network: both.
        anchors: A of them, in the order of the heads' outputs.
        assign: boxes float32 [N, M, 4] and labels int32 [N, M], padded with -1, to what each anchor has to find; see
            `assigner.assign`.
    """

    architecture: str
    image_size: int
    backbone: keras.Model
    heads: keras.Model
    network: keras.Model
    anchors: Anchors
    assign: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def backbone_of(architecture: str) -> Architecture:
    """The backbone of a detector.

    Raises:
        InputError: there is no such detector.
    """
    if architecture not in DETECTORS:
        raise InputError(f"architecture is {architecture!r}: for object detection use one of {', '.join(DETECTORS)}.")
    return BY_NAME[PYRAMIDS.get(architecture, "MobileNetV2")]


def detector_on(backbone: str, heads: str = "") -> str:
    """The detector that is built by default on a backbone.

    Args:
        backbone: its name in `architectures.ARCHITECTURES`.
        heads: what the names of the detectors begin with whose heads a checkpoint has; "" where it has none.
    """
    if backbone == "MobileNetV2" and SSDLITE.startswith(heads):
        return SSDLITE
    return next(name for name, of in PYRAMIDS.items() if of == backbone)


def build(architecture: str, num_classes: int, image_size: int) -> Detector:
    """A detector with random weights.

    Args:
        architecture: one of `DETECTORS`.
        num_classes: C.
        image_size: height and width in pixels; a multiple of 32 for those with a feature pyramid.

    Raises:
        InputError: there is no such detector, or it does not take that size.
    """
    whole = untrained_backbone(backbone_of(architecture), image_size)
    if architecture == SSDLITE:
        # The finest of its three maps is not looked at.
        backbone = keras.Model(whole.inputs, whole.outputs[1:], name=whole.name)
        shapes = [output.shape[1:] for output in backbone.outputs]
        heads = build_ssdlite_heads(shapes, num_classes, [len(each) for each in SSD_SHAPES])
        anchors, responsible = ssd_anchors(image_size, image_size), match
    else:
        if image_size % STRIDES[-1]:
            raise InputError(f"image_size is {image_size}: for {architecture} give a multiple of {STRIDES[-1]}.")
        backbone, heads = whole, build_heads(whole, num_classes)
        anchors, responsible = make_anchors(image_size, image_size), assign
    return Detector(
        architecture,
        image_size,
        backbone,
        heads,
        keras.Model(backbone.input, heads(backbone.outputs), name="detector"),
        anchors,
        lambda boxes, labels: responsible(anchors, boxes, labels),
    )
