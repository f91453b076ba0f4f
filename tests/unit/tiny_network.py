"""ONNX networks of a few layers with the weights written down, and data that they answer rightly."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tiny_models import an_item, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.models.folder import ModelFolder

COLOURS = ["blue", "green", "red"]
_CHANNELS, _WIDTH = {"red": 0, "green": 1, "blue": 2}, 24


def pages(folder: Path, counts: Mapping[str, int], brightest: Mapping[str, int] | None = None) -> Dataset:
    """Noisy pages of two sizes that one colour is strongest in, as a data set of images with a label each.

    Args:
        folder: to write to.
        counts: how many by split.
        brightest: the largest value of a pixel, by split; 255 if it is not said.
    """
    rng, items = np.random.default_rng(0), {split: [] for split in ("train", "validation", "test")}
    for split, count in counts.items():
        most = (brightest or {}).get(split, 255)
        for place in range(count):
            colour = COLOURS[place % len(COLOURS)]
            pixels = rng.random((20 + 4 * (place % 2), 24, 3)) * most / 2
            pixels[..., _CHANNELS[colour]] += most / 2
            file = folder / f"{split}-{place}.png"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(file)
            items[split].append(an_item(file, file.name, labels=[colour]))
    return Dataset.open(image_dataset(folder / "dataset", items, Task.IMAGE_CLASSIFICATION))


def classifier(folder: Path, outlier: float = 0.0) -> ModelFolder:
    """Tells the strongest colour: resizing and scaling, two convolutions, pooling, a dense layer, probabilities.

    Args:
        folder: to write.
        outlier: a weight of every filter of the second convolution, on a channel that is always 0: it changes no
            answer, but leaves the other weights few steps when all share one scale.
    """
    rng = np.random.default_rng(1)
    first, second = (rng.normal(0, 0.02, shape) for shape in ((_WIDTH, 3, 3, 3), (_WIDTH, _WIDTH, 3, 3)))
    for channel in range(3):
        first[channel, channel, 1, 1] = second[channel, channel, 1, 1] = 1
    bias = np.zeros(_WIDTH)
    first[-1], bias[-1], second[:, -1] = 0, -1, outlier
    head = np.zeros((_WIDTH, len(COLOURS)))
    head[[_CHANNELS[colour] for colour in COLOURS], range(len(COLOURS))] = 20
    weights = {"first": first, "first_bias": bias, "second": second, "head": head, "scale": np.array(1 / 255)}
    constants = {name: value.astype(np.float32) for name, value in weights.items()}
    constants |= {"sizes": np.array([16, 16]), "axes": np.array([2, 3]), "roi": np.array([], np.float32)}
    nodes = [
        helper.make_node("Cast", ["image_tensor"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Shape", ["planes"], ["count_and_channels"], end=2),
        helper.make_node("Concat", ["count_and_channels", "sizes"], ["all_sizes"], axis=0),
        helper.make_node("Resize", ["planes", "roi", "", "all_sizes"], ["resized"], mode="linear"),
        helper.make_node("Mul", ["resized", "scale"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "first", "first_bias"], ["one"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["one"], ["one_relu"]),
        helper.make_node("Conv", ["one_relu", "second"], ["two"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["two"], ["two_relu"]),
        helper.make_node("ReduceMean", ["two_relu", "axes"], ["pooled"], keepdims=0),
        helper.make_node("MatMul", ["pooled", "head"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info("image_tensor", TensorProto.UINT8, ["N", "H", "W", 3])
    _save(folder, nodes, [image], ["probabilities"], constants)
    described = {"kind": "image", "name": "image_tensor", "height": 16, "width": 16}
    return _folder(folder, Task.IMAGE_CLASSIFICATION, COLOURS, described)


def regressor(folder: Path) -> ModelFolder:
    """Predicts about twice the `age` (of `tiny_models.people_dataset`) by a network, whatever the `city`."""
    hidden, middle = np.zeros((1, 64)), np.eye(64)
    hidden[0, ::2], hidden[0, 1::2] = 1, -1
    weights = {"hidden": hidden, "middle": middle, "out": hidden.T / 16}
    constants = {name: value.astype(np.float32) for name, value in weights.items()}
    nodes = [
        helper.make_node("MatMul", ["age", "hidden"], ["one"]),
        helper.make_node("Relu", ["one"], ["one_relu"]),
        helper.make_node("MatMul", ["one_relu", "middle"], ["two"]),
        helper.make_node("Relu", ["two"], ["two_relu"]),
        helper.make_node("MatMul", ["two_relu", "out"], ["value"]),
    ]
    age = helper.make_tensor_value_info("age", TensorProto.FLOAT, ["N", 1])
    _save(folder, nodes, [age], ["value"], constants)
    columns = [{"name": "age", "type": "number", "dtype": "float32"}]
    return _folder(folder, Task.TABULAR_REGRESSION, [], {"kind": "columns", "columns": columns})


def _save(folder: Path, nodes: list, inputs: list, outputs: list[str], constants: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None]) for name in outputs]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, described, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"labels": "kept"})
    onnx.save(model, folder / "model.onnx")


def _folder(path: Path, task: Task, labels: list[str], described: dict) -> ModelFolder:
    model = ModelFolder(
        path=path,
        name=path.name,
        task=task,
        labels=labels,
        framework="tensorflow",
        pretrained="Not trained.",
        dataset_digests={},
        input=described,  # pyright: ignore[reportArgumentType]
    )
    model.save()
    return model
