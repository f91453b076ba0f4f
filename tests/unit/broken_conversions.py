"""Conversions that are deliberately wrong: each changes one thing in a right graph, as a faulty converter would."""

from collections.abc import Callable

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

# Changes a model in place, and names the nodes that the proof may blame; none where the file cannot be compared at all.
Break = Callable[[onnx.ModelProto], list[str]]


def first(model: onnx.ModelProto, operator: str, name: str = "") -> onnx.NodeProto:
    """The first node of an operator whose name contains this text."""
    return next(node for node in model.graph.node if node.op_type == operator and name in node.name)


def constant(model: onnx.ModelProto, node: onnx.NodeProto, place: int) -> NDArray:
    """One input of a node that is a constant."""
    return numpy_helper.to_array(
        next(each for each in model.graph.initializer if each.name == node.input[place])
    ).copy()


def with_constant(model: onnx.ModelProto, node: onnx.NodeProto, place: int, value: NDArray) -> list[str]:
    """Gives this node alone another constant."""
    name = f"{node.name}_changed_{place}"
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    node.input[place] = name
    return [node.name]


def swapped_channels(model: onnx.ModelProto) -> list[str]:
    node = last_kernel(model)
    kernel = constant(model, node, 1)
    kernel[[0, 1]] = kernel[[1, 0]]
    return with_constant(model, node, 1, kernel)


def swapped_weights(model: onnx.ModelProto) -> list[str]:
    node = last_kernel(model)
    kernel = constant(model, node, 1)
    flat = kernel.reshape(-1)
    flat[[5, 6]] = flat[[6, 5]]
    return with_constant(model, node, 1, kernel)


def last_kernel(model: onnx.ModelProto) -> onnx.NodeProto:
    """The last layer with a kernel of constants."""
    constants = {each.name for each in model.graph.initializer}
    kernels = [each for each in model.graph.node if each.op_type in ("Conv", "MatMul") and each.input[1] in constants]
    return kernels[-1]


def changed_bias(model: onnx.ModelProto) -> list[str]:
    node = first(model, "Conv")
    bias = constant(model, node, 2)
    bias[0] += 0.02 * np.abs(bias).max()
    return with_constant(model, node, 2, bias)


def missing_clip(model: onnx.ModelProto) -> list[str]:
    node = next(each for each in model.graph.node if each.op_type in ("Clip", "Relu"))
    node.op_type = "Identity"
    del node.input[1:]
    return [node.name]


def other_scale(model: onnx.ModelProto) -> list[str]:
    return with_constant(model, first(model, "Mul"), 1, np.float32(1 / 127))


def other_offset(model: onnx.ModelProto) -> list[str]:
    node = first(model, "Sub")
    return with_constant(model, node, 1, constant(model, node, 1) + np.float32(0.004))


def other_mean(model: onnx.ModelProto) -> list[str]:
    """Of .482 in place of .485, which is little beside pixels of 0..255."""
    node = first(model, "Sub")
    return with_constant(model, node, 1, constant(model, node, 1) - np.float32([0.003, 0, 0]))


def blue_first(model: onnx.ModelProto) -> list[str]:
    """Channels in the order of OpenCV."""
    node = first(model, "Cast")
    given, node.output[0] = node.output[0], "pixels_in_rgb"
    model.graph.initializer.append(numpy_helper.from_array(np.array([2, 1, 0]), "blue_first"))
    turned = helper.make_node("Gather", ["pixels_in_rgb", "blue_first"], [given], "turned", axis=3)
    model.graph.node.insert(list(model.graph.node).index(node) + 1, turned)
    return ["turned"]


def nearest_pixels(model: onnx.ModelProto) -> list[str]:
    node = first(model, "Resize")
    mode = next(each for each in node.attribute if each.name == "mode")
    mode.s = b"nearest"
    return [node.name]


def dropped_output(model: onnx.ModelProto) -> list[str]:
    del model.graph.output[-1]
    return []


def cut_opset(model: onnx.ModelProto) -> list[str]:
    for each in model.opset_import:
        if not each.domain:
            each.version = 9
    return []


def frozen_batch(model: onnx.ModelProto) -> list[str]:
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return []


def one_box_less(model: onnx.ModelProto) -> list[str]:
    node = first(model, "NonMaxSuppression")
    return with_constant(model, node, 2, constant(model, node, 2) - 1)


def other_overlap(model: onnx.ModelProto) -> list[str]:
    node = first(model, "NonMaxSuppression")
    return with_constant(model, node, 3, constant(model, node, 3) - np.float32(0.05))


def neighbouring_box(model: onnx.ModelProto) -> list[str]:
    """The box before the one that was found."""
    boxes = next(node for node in model.graph.node if "detection_boxes" in node.output)
    index = next(node for node in model.graph.node if boxes.input[1] in node.output)
    model.graph.node.insert(
        list(model.graph.node).index(boxes),
        helper.make_node("Sub", [boxes.input[1], index.input[1]], ["place_before"], "place_before"),
    )
    boxes.input[1] = "place_before"
    return ["place_before"]


def truncated(model: onnx.ModelProto) -> list[str]:
    """A cast to a whole number in place of rounding down: another number below 0."""
    node = first(model, "Floor")
    given, node.op_type = node.output[0], "Cast"
    node.output[0] = "whole_number"
    node.attribute.append(helper.make_attribute("to", onnx.TensorProto.INT32))
    back = helper.make_node("Cast", ["whole_number"], [given], "back", to=onnx.TensorProto.FLOAT)
    model.graph.node.insert(list(model.graph.node).index(node) + 1, back)
    return [node.name, "back"]


def forgotten_missing(model: onnx.ModelProto) -> list[str]:
    """A missing number stays NaN."""
    node = first(model, "Where")
    node.op_type = "Identity"
    given = node.input[2]
    del node.input[:]
    node.input.append(given)
    return [node.name]


def other_vocabulary(model: onnx.ModelProto) -> list[str]:
    node = first(model, "CategoryMapper")
    words = next(each for each in node.attribute if each.name == "cats_strings")
    words.strings[0], words.strings[1] = words.strings[1], words.strings[0]
    return []  # a frozen graph has no tables, so that nobody can say which node is right


BREAKS: dict[str, tuple[Break, ...]] = {
    "classifier": (
        swapped_channels,
        swapped_weights,
        changed_bias,
        missing_clip,
        other_scale,
        other_offset,
        blue_first,
        nearest_pixels,
        dropped_output,
        cut_opset,
        frozen_batch,
    ),
    "detector": (
        swapped_channels,
        swapped_weights,
        changed_bias,
        missing_clip,
        other_scale,
        blue_first,
        dropped_output,
        cut_opset,
        frozen_batch,
        one_box_less,
        other_overlap,
        neighbouring_box,
    ),
    "normalised": (swapped_channels, swapped_weights, other_mean),
    "table": (
        swapped_channels,
        swapped_weights,
        other_scale,
        other_offset,
        truncated,
        forgotten_missing,
        other_vocabulary,
        cut_opset,
        frozen_batch,
    ),
}
