"""Translations of `tf.image.resize` to Resize, https://onnx.ai/onnx/operators/onnx__Resize.html.

tf2onnx's own ones scale by float32 factors, and 24 pixels x 7 / 24 become 6; they round what is resized of integers,
where TensorFlow answers in float32; and they have no antialiasing.
"""

from typing import Any

from onnx import TensorProto
from tf2onnx import constants, utils
from tf2onnx.graph import Graph, Node

from .handlers import replace

_CUBIC = {"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1}


def nearest(graph: Graph, node: Node, **_: Any) -> None:
    """ResizeNearestNeighbor."""
    places = _places(node)
    rounding = "round_prefer_ceil" if places == "align_corners" else "floor"
    places = "tf_half_pixel_for_nn" if places == "half_pixel" else places
    _resize(graph, node, {"mode": "nearest", "nearest_mode": rounding, "coordinate_transformation_mode": places})


def bilinear(graph: Graph, node: Node, **_: Any) -> None:
    """ResizeBilinear."""
    _resize(graph, node, {"mode": "linear", "coordinate_transformation_mode": _places(node)})


def bicubic(graph: Graph, node: Node, **_: Any) -> None:
    """ResizeBicubic, where it enlarges: onnxruntime cannot reduce so, as it moves the channels back to the end."""
    before, after = graph.get_shape(node.input[0]), graph.get_shape(node.output[0])
    enlarges = before and after and all(0 < old <= new for old, new in zip(before[1:3], after[1:3], strict=True))
    utils.make_sure(enlarges, "onnxruntime reduces images by bicubic interpolation with antialias=True only")
    _resize(graph, node, _CUBIC | {"coordinate_transformation_mode": _places(node)})


def antialiased(graph: Graph, node: Node, **_: Any) -> None:
    """ScaleAndTranslate, as `tf.image.resize(antialias=True)` calls it, with the kernels of bilinear and bicubic.

    TensorFlow gives no weight to what is outside of the image, and so `exclude_outside`.
    """
    kernel = node.get_attr_value("kernel_type", b"lanczos3").decode()
    modes = {"triangle": {"mode": "linear"}, "keyscubic": _CUBIC}
    utils.make_sure(graph.opset >= 18, "antialiasing needs opset 18")
    utils.make_sure(kernel in modes, "ONNX has no kernel %s, but those of bilinear and bicubic", kernel)
    utils.make_sure(node.get_attr_value("antialias", True), "ONNX has this kernel with antialias=True only")
    _resize(graph, node, {"antialias": 1, "exclude_outside": 1, **modes[kernel]})


def _places(node: Node) -> str:
    """Which places of the two images belong together."""
    if node.get_attr_value("align_corners", False):
        return "align_corners"
    return "half_pixel" if node.get_attr_value("half_pixel_centers", False) else "asymmetric"


def _resize(graph: Graph, node: Node, attributes: dict[str, Any]) -> None:
    """Puts Resize in the place of a node of images [N, H, W, C] and a size [H, W]; channels come first for it."""
    scope = node.name
    images, dtype = node.input[0], graph.get_dtype(node.output[0])
    if graph.get_dtype(images) != dtype:
        images = graph.make_node("Cast", [images], {"to": dtype}, op_name_scope=scope).output[0]
    images = graph.make_node("Transpose", [images], {"perm": constants.NHWC_TO_NCHW}, op_name_scope=scope).output[0]
    outer = graph.make_node("Shape", [images], {"end": 2}, op_name_scope=scope)
    size = graph.make_node("Cast", [node.input[1]], {"to": TensorProto.INT64}, op_name_scope=scope)
    sizes = graph.make_node("Concat", [outer.output[0], size.output[0]], {"axis": 0}, op_name_scope=scope)
    resized = graph.make_node("Resize", [images, "", "", sizes.output[0]], attributes, op_name_scope=scope)
    replace(graph, node, "Transpose", [resized.output[0]], {"perm": constants.NCHW_TO_NHWC})


TRANSLATIONS = {
    "ResizeBicubic": bicubic,
    "ResizeBilinear": bilinear,
    "ResizeNearestNeighbor": nearest,
    "ScaleAndTranslate": antialiased,
}
