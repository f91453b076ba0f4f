"""ONNX models of a few nodes that are right about different things, and data sets for them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tiny_models import an_item, image_dataset
from tiny_tables import table_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Column, ColumnType, Task
from graduate.components.models.folder import ModelFolder

SIZES = {"train": 10, "validation": 200, "test": 200}
CHANNELS = ("red", "green", "blue")
CAT, DOG = Box("cat", 0.1, 0.1, 0.5, 0.9), Box("dog", 0.6, 0.2, 0.9, 0.8)


def two_clues(path: Path, task: Task, sizes: Mapping[str, int] = SIZES, flipped_test: bool = False) -> Dataset:
    """Rows whose label or value hangs on both of two columns, `left` and `right`.

    `by_heart` tells it as well, in the validation split only: what a model knows that was fitted on these rows.
    """
    rng, rows = np.random.default_rng(0), []
    splits = np.repeat(list(sizes), list(sizes.values()))
    for split in splits:
        left, right = rng.normal(size=2)
        value = float(left + right + rng.normal(scale=0.3)) * (-1 if flipped_test and split == "test" else 1)
        is_number = task is Task.TABULAR_REGRESSION
        known = value if split == "validation" else float(rng.normal())
        label = value if is_number else "yes" if value > 0 else "no"
        rows.append({"left": float(left), "right": float(right), "by_heart": known, "label": label})
    columns = [Column(name, ColumnType.NUMBER) for name in ("left", "right", "by_heart")]
    kind = ColumnType.NUMBER if task is Task.TABULAR_REGRESSION else ColumnType.CATEGORY
    return table_dataset(path, task, [*columns, Column("label", kind)], rows, sizes)


def by_column(
    path: Path, data: Dataset, column: str, slope: float = 2.0, labels: Sequence[str] = ("no", "yes"), **fields: Any
) -> ModelFolder:
    """Says what one column of a row says: "yes" with the probability sigmoid(slope * value), or slope * value."""
    if data.task is Task.TABULAR_REGRESSION:
        nodes = [helper.make_node("Mul", [column, "slopes"], ["value"])]
        slopes, output, labels = np.array([[slope]], np.float32), "value", []
    else:
        nodes = [
            helper.make_node("Mul", [column, "slopes"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ]
        slopes = np.array([[slope if label == "yes" else 0 for label in labels]], np.float32)
        output = "probabilities"
    given = helper.make_tensor_value_info(column, TensorProto.FLOAT, ["N", 1])
    _save(path, nodes, given, {output: 2}, {"slopes": slopes})
    columns = [{"name": column, "type": "number", "dtype": "float32"}]
    return _folder(path, data, labels=list(labels), input={"kind": "columns", "columns": columns}, **fields)


def pets(path: Path, sizes: Mapping[str, int]) -> Dataset:
    """Pictures with a cat (red ones) or a dog (green ones), always in the same place."""
    rng, items = np.random.default_rng(0), {}
    for split, count in sizes.items():
        items[split] = []
        for number in range(count):
            box, channel = (CAT, 0) if number % 2 else (DOG, 1)
            pixels = rng.integers(0, 60, (8, 10, 3), dtype=np.uint8)
            pixels[..., channel] += 150
            file = path / "images" / f"{split}-{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
            items[split].append(an_item(file, f"{split}-{number}", [box]))
    return Dataset.open(image_dataset(path / "data", items))


def finds(path: Path, data: Dataset, box: Box, **fields: Any) -> ModelFolder:
    """Finds one box in every picture, as sure as there is of its animal's colour: nothing of the other animal."""
    labels = ["cat", "dog"]
    constants = {
        "channel": np.array(labels.index(box.label)),
        "corners": np.array([[[box.ymin, box.xmin, box.ymax, box.xmax]]], np.float32),
        "label": np.array([[labels.index(box.label)]], np.float32),
        "one": np.array([1], np.float32),
        "most": np.array(255, np.float32),
        "axes": np.array([1, 2]),
        "column": np.array([-1, 1]),
    }
    nodes = [
        helper.make_node("Cast", ["image_tensor"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["pixels", "channel"], ["of_colour"], axis=3),
        helper.make_node("ReduceMean", ["of_colour", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "most"], ["share"]),
        helper.make_node("Reshape", ["share", "column"], ["detection_scores"]),
        helper.make_node("Identity", ["corners"], ["detection_boxes"]),
        helper.make_node("Identity", ["label"], ["detection_classes"]),
        helper.make_node("Identity", ["one"], ["num_detections"]),
    ]
    picture = helper.make_tensor_value_info("image_tensor", TensorProto.UINT8, ["N", "H", "W", 3])
    outputs = {"detection_boxes": 3, "detection_classes": 2, "detection_scores": 2, "num_detections": 1}
    _save(path, nodes, picture, outputs, constants)
    described = {"kind": "image", "name": "image_tensor", "height": 8, "width": 8}
    return _folder(path, data, labels=labels, input=described, **fields)


def coloured(path: Path, sizes: Mapping[str, int]) -> Dataset:
    """Pictures with one to three labels, those of the channels in which they are bright."""
    rng, items = np.random.default_rng(0), {}
    (path / "images").mkdir(parents=True)
    for split, count in sizes.items():
        items[split] = []
        for number in range(count):
            bright = np.eye(3)[number % 3] + (rng.random(3) < 0.4) > 0
            pixels = (rng.integers(40, 110, (8, 10, 3)) + 60 * bright).astype(np.uint8)
            file = path / "images" / f"{split}-{number}.png"
            Image.fromarray(pixels).save(file)
            names = [name for name, is_bright in zip(CHANNELS, bright, strict=True) if is_bright]
            items[split].append(an_item(file, f"{split}-{number}", labels=names))
    return Dataset.open(image_dataset(path / "data", items, Task.IMAGE_CLASSIFICATION))


def sees(path: Path, data: Dataset, *known: str) -> ModelFolder:
    """Says how probable each label is by the brightness of its channel, and 0.5 of those that it does not know."""
    slopes = np.diag([0.3 if name in known else 0.0 for name in CHANNELS]).astype(np.float32)
    order = [CHANNELS.index(label) for label in data.labels]
    constants = {
        "axes": np.array([1, 2]),
        "middle": np.array(105, np.float32),
        "slopes": slopes[:, order],
    }
    nodes = [
        helper.make_node("Cast", ["image_tensor"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["means"], keepdims=0),
        helper.make_node("Sub", ["means", "middle"], ["centred"]),
        helper.make_node("MatMul", ["centred", "slopes"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probabilities"]),
    ]
    picture = helper.make_tensor_value_info("image_tensor", TensorProto.UINT8, ["N", "H", "W", 3])
    _save(path, nodes, picture, {"probabilities": 2}, constants)
    described = {"kind": "image", "name": "image_tensor", "height": 8, "width": 8}
    return _folder(path, data, labels=data.labels, input=described, parameters={"multi_label": True})


def without_times(figures: Mapping[str, Any]) -> str:
    """The figures of an ensemble as text, without what a clock has measured and where the models lie."""
    rows = [*figures["members"], figures["ensemble"]]
    kept = [{name: value for name, value in row.items() if name not in ("milliseconds", "folder")} for row in rows]
    return json.dumps({**figures, "members": kept[:-1], "ensemble": kept[-1]})


def _save(folder: Path, nodes, given, outputs: dict[str, int], constants: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    described = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name, rank in outputs.items()
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", [given], described, weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9), folder / "model.onnx"
    )


def _folder(path: Path, data: Dataset, **fields: Any) -> ModelFolder:
    values = {"name": path.name, "framework": "onnx", "pretrained": "Not trained.", "dataset_digests": data.digests}
    model = ModelFolder(path=path, task=data.task, **{**values, **fields})
    model.save()
    return model
