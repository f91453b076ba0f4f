"""ONNX models of a few nodes and data sets of a few items, real ones, for tests of what is around a model."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from graduate.components.data.dataset import DatasetWriter, row_schema
from graduate.components.data.items import Box, Column, ColumnType, Item, Reject, Task
from graduate.components.models.folder import ModelFolder


def detector(folder: Path, **fields) -> ModelFolder:
    """Finds a "cat" on the left with the confidence mean / maximum of the pixels, and a "dog" on the right with half.

    A black image's confidence is 0 / 0, which is not a number.
    """
    constants = {
        "boxes": np.array([[[0.0, 0.0, 1.0, 0.4], [0.2, 0.6, 0.8, 1.0]]], np.float32),
        "classes": np.array([[0, 1]], np.float32),
        "shares": np.array([[1.0, 0.5]], np.float32),
        "zero": np.array([0], np.float32),
        "two": np.array([2], np.float32),
        "axes": np.array([1, 2, 3]),
        "flat": np.array([-1]),
        "cube": np.array([-1, 1, 1]),
        "column": np.array([-1, 1]),
    }
    nodes = [
        helper.make_node("Cast", ["image_tensor"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
        helper.make_node("ReduceMax", ["pixels", "axes"], ["maximum"], keepdims=0),
        helper.make_node("Div", ["mean", "maximum"], ["share"]),
        helper.make_node("Reshape", ["share", "column"], ["shares_in_a_column"]),
        helper.make_node("Mul", ["shares_in_a_column", "shares"], ["detection_scores"]),
        helper.make_node("Mul", ["maximum", "zero"], ["zeros"]),
        helper.make_node("Reshape", ["zeros", "cube"], ["zeros_in_a_cube"]),
        helper.make_node("Reshape", ["zeros", "column"], ["zeros_in_a_column"]),
        helper.make_node("Add", ["zeros_in_a_cube", "boxes"], ["detection_boxes"]),
        helper.make_node("Add", ["zeros_in_a_column", "classes"], ["detection_classes"]),
        helper.make_node("Add", ["zeros", "two"], ["num_detections"]),
    ]
    image = helper.make_tensor_value_info("image_tensor", TensorProto.UINT8, ["N", "H", "W", 3])
    outputs = {"detection_boxes": 3, "detection_classes": 2, "detection_scores": 2, "num_detections": 1}
    _save(folder, nodes, [image], outputs, constants)
    values = {"labels": ["cat", "dog"], "input": {"kind": "image", "name": "image_tensor", "height": 8, "width": 8}}
    return _folder(folder, Task.OBJECT_DETECTION, {**values, **fields})


def regressor(folder: Path) -> ModelFolder:
    """Predicts twice the `age`, and one more in "Oslo"."""
    nodes = [
        helper.make_node("Equal", ["city", "oslo"], ["in_oslo"]),
        helper.make_node("Cast", ["in_oslo"], ["one_in_oslo"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["age", "age"], ["twice"]),
        helper.make_node("Add", ["twice", "one_in_oslo"], ["value"]),
    ]
    inputs = [
        helper.make_tensor_value_info("age", TensorProto.FLOAT, ["N", 1]),
        helper.make_tensor_value_info("city", TensorProto.STRING, ["N", 1]),
    ]
    _save(folder, nodes, inputs, {"value": 2}, {"oslo": np.array(["Oslo"], dtype=object)})
    columns = [
        {"name": "age", "type": "number", "dtype": "float32"},
        {"name": "city", "type": "category", "dtype": "string"},
    ]
    return _folder(folder, Task.TABULAR_REGRESSION, {"labels": [], "input": {"kind": "columns", "columns": columns}})


def forecaster(folder: Path) -> ModelFolder:
    """Forecasts the greatest of the last three values, and one more for each day since."""
    nodes = [
        helper.make_node("ReduceMax", ["past", "axes"], ["greatest"], keepdims=1),
        helper.make_node("Add", ["greatest", "step"], ["value"]),
    ]
    shapes = {"past": ["N", 3], "step": ["N", 1]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    _save(folder, nodes, inputs, {"value": 2}, {"axes": np.array([1])})
    described = {"kind": "series", "context": 3, "horizon": 7, "period": "1 day", "columns": []}
    return _folder(folder, Task.TABULAR_FORECASTING, {"labels": [], "input": described})


def an_image(path: Path, width: int = 40, height: int = 30, seed: int = 0) -> Path:
    """A noisy picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def an_item(path: Path, identity: str, boxes: Sequence[Box] = (), labels: Sequence[str] = ()) -> Item:
    """The item of a picture."""
    with Image.open(path) as image:
        width, height = image.size
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Item(
        identity, str(path), "import.jsonl:1", digest, "", width, height, "", labels=list(labels), boxes=list(boxes)
    )


def image_dataset(
    folder: Path, items: dict[str, list[Item]], task: Task = Task.OBJECT_DETECTION, rejects: Sequence[Reject] = ()
) -> Path:
    """A data set of these items by split."""
    with DatasetWriter(folder, task, "a test") as writer:
        for split, in_split in items.items():
            for item in in_split:
                writer.add(item, split)
        for reject in rejects:
            writer.reject(reject)
    return folder


def people_dataset(folder: Path, ages: dict[str, list[float | None]], city: str = "Oslo") -> Path:
    """A data set of people by split: `age`, `city` and the number `score` to predict, twice the age."""
    columns = [
        Column("age", ColumnType.NUMBER),
        Column("city", ColumnType.CATEGORY),
        Column("score", ColumnType.NUMBER),
    ]
    with DatasetWriter(folder, Task.TABULAR_REGRESSION, "a test", columns, "score") as writer:
        for split, in_split in ages.items():
            rows = [
                {
                    "age": age,
                    "city": city,
                    "score": None if age is None else 2 * age,
                    "__id__": f"{split}.csv:{place}",
                    "__sha256__": f"{place:064x}",
                    "__ml_use__": split,
                    "__faults__": [],
                }
                for place, age in enumerate(in_split, 2)
            ]
            writer.add_rows(pa.Table.from_pylist(rows, row_schema(columns)), split)
    return folder


def _save(folder: Path, nodes, inputs, outputs: dict[str, int], constants: dict[str, np.ndarray]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    described = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name, rank in outputs.items()
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, described, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.save(model, folder / "model.onnx")


def _folder(path: Path, task: Task, fields: dict) -> ModelFolder:
    values = {"name": path.name, "framework": "onnx", "pretrained": "Not trained.", "dataset_digests": {}}
    model = ModelFolder(path=path, task=task, **{**values, **fields})
    model.save()
    return model
