"""How the one input of a plain ONNX file takes a picture: what the file says, and the rest from `Reading`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import InputError
from .reading import Channels, Layout, Reading, Scaling

_DTYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}

# https://docs.pytorch.org/vision/stable/models.html: of channels in the order RGB, 0..1
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class PlainInput:
    """The input of a file.

    Attributes:
        name: of the tensor.
        dtype: of its values.
        layout: `nhwc` or `nchw`.
        height: that pictures are resized to, in pixels; 0 where the file takes any.
        width: the same.
        scaling: of the pixels.
        channels: their order.
    """

    name: str
    dtype: type
    layout: Layout
    height: int
    width: int
    scaling: Scaling
    channels: Channels

    @classmethod
    def of(cls, file: Path, inputs: Sequence[ort.NodeArg], reading: Reading) -> "PlainInput":
        """Reads it off the file's signature.

        Raises:
            InputError: it is no batch of pictures in colour, or neither file nor reading say how they are laid out or
                scaled, or these contradict each other.
        """
        if len(inputs) != 1:
            names = ", ".join(each.name for each in inputs)
            raise InputError(
                f"{file} takes {len(inputs)} inputs ({names}): only files of one input can be predicted with"
            )
        (node,) = inputs
        said = f"{file} takes {node.name!r}, {node.type} {node.shape}"
        if node.type not in _DTYPES or len(node.shape) != 4:
            raise InputError(f"{said}: only uint8 or float [N, H, W, 3] or [N, 3, H, W] can be predicted with")
        sizes = [size if isinstance(size, int) and size > 0 else 0 for size in node.shape]
        if sizes[0] > 1:
            raise InputError(f"{said}: pictures are predicted one by one, so export it with N = 1 or free")
        layout = _layout(said, sizes, reading)
        height, width = sizes[1:3] if layout == "nhwc" else sizes[2:4]
        dtype = _DTYPES[node.type]
        return cls(node.name, dtype, layout, height, width, _scaling(said, dtype, reading), reading.channels)

    def tensor(self, image: NDArray[np.uint8]) -> NDArray[Any]:
        """A picture as a batch of one.

        Args:
            image: uint8 [H, W, 3], RGB.

        Returns:
            [1, H, W, 3] or [1, 3, H, W] of `dtype`.
        """
        pixels = resized(image, self.height or image.shape[0], self.width or image.shape[1])
        if self.dtype is np.uint8:
            pixels = pixels if pixels is image else np.rint(pixels).astype(np.uint8)
        else:
            pixels = _scaled(pixels.astype(np.float32), self.scaling).astype(self.dtype)
        if self.channels == "bgr":
            pixels = pixels[:, :, ::-1]
        if self.layout == "nchw":
            pixels = pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(pixels[None])


def resized(image: NDArray[np.uint8], height: int, width: int) -> NDArray[Any]:
    """A picture at another size as `tf.image.resize` gives it, within 0.005 of 255: bilinear, no antialias.

    Args:
        image: uint8 [H, W, 3].
        height: in pixels.
        width: in pixels.

    Returns:
        float32 [height, width, 3], 0..255; the very picture where it has this size already.
    """
    if image.shape[:2] == (height, width):
        return image
    import cv2  # takes a tenth of a second to load, which models that resize by themselves do not spend

    cv2.setNumThreads(1)  # workers stand beside one another, one to a core
    # From floats: of bytes its weights have 11 bits only.
    return cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def _layout(said: str, sizes: Sequence[int], reading: Reading) -> Layout:
    possible: list[Layout] = []
    if sizes[3] in (0, 3):
        possible.append("nhwc")
    if sizes[1] in (0, 3):
        possible.append("nchw")
    if not possible:
        raise InputError(f"{said}: neither [N, H, W, 3] nor [N, 3, H, W], pictures in colour")
    if reading.layout:
        if reading.layout not in possible:
            raise InputError(f"{said}, which is not {reading.layout}: leave --layout away")
        return reading.layout
    # A static axis of three says it, unless there are two of them.
    certain: list[Layout] = [layout for layout in possible if sizes[3 if layout == "nhwc" else 1] == 3]
    if len(certain) != 1:
        raise InputError(f"{said}: its shape does not say where the channels are, give --layout nhwc or --layout nchw")
    return certain[0]


def _scaling(said: str, dtype: type, reading: Reading) -> Scaling:
    if dtype is np.uint8:
        if reading.scaling not in ("", "0..255"):
            raise InputError(f"{said}: bytes are pixels as they are, leave --scaling away")
        return "0..255"
    if not reading.scaling:
        raise InputError(
            f"{said}: how pixels are scaled to these numbers it does not say, "
            "give --scaling=0..255, --scaling=0..1, --scaling=-1..1 or --scaling=imagenet, as in its training"
        )
    return reading.scaling


def _scaled(pixels: NDArray[np.float32], scaling: Scaling) -> NDArray[np.float32]:
    match scaling:
        case "0..1":
            return pixels / np.float32(255)
        case "-1..1":
            return pixels / np.float32(127.5) - np.float32(1)
        case "imagenet":
            return (pixels / np.float32(255) - _MEAN) / _DEVIATION
        case _:
            return pixels
