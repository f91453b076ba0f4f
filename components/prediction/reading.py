"""How to read what a plain ONNX file does not say of itself."""

from dataclasses import dataclass
from typing import Literal

Layout = Literal["", "nhwc", "nchw"]
Scaling = Literal["", "0..255", "0..1", "-1..1", "imagenet"]
Channels = Literal["rgb", "bgr"]
Activation = Literal["", "none", "softmax", "sigmoid"]


@dataclass(frozen=True)
class Reading:
    """How a plain ONNX file of somebody else's takes images; a model folder says it all by itself.

    Attributes:
        layout: of the batch, [N, H, W, 3] or [N, 3, H, W]; "" for what the file's own shape says.
        scaling: of the pixels: `0..255` as they are, `0..1`, `-1..1` (--scaling=-1..1, with the equals sign), or
            `imagenet` (0..1, less the mean and divided by the standard deviation of ImageNet's channels); "" where the
            file says it, by taking uint8.
        channels: their order.
        labels: file with a label per line, in the order of the model's classes; "" for numbers. A detector with the
            outputs of the TF Object Detection API counts its classes from 1.
        activation: what makes probabilities of a classifier's answers: `softmax` (an image has one label), `sigmoid`
            (it may have several), `none` where they are such probabilities already; "" for what they show, which is
            probabilities of one label where they add up to 1.
    """

    layout: Layout = ""
    scaling: Scaling = ""
    channels: Channels = "rgb"
    labels: str = ""
    activation: Activation = ""
