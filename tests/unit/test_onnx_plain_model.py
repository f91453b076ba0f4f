"""A model that only its signature describes is read for the dataset's task, or refused with a sentence."""

import numpy as np
import pytest
from PIL import Image
from tiny_models import an_item, image_dataset, people_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.onnx_convert.proof.plain_model import compare_runs
from graduate.components.onnx_convert.proof.reading import readings
from graduate.components.onnx_convert.tensors import Signature, Tensors, TensorSpec

PICTURES = TensorSpec("images", "float32", (None, 8, 8, 3))


def a_plain_picture(path, value: int):
    Image.fromarray(np.full((8, 8, 3), value, np.uint8)).save(path)
    return path


@pytest.fixture
def shades(tmp_path) -> Dataset:
    """Dark and light pictures."""
    items = [
        an_item(
            a_plain_picture(tmp_path / f"{value}.png", value), str(value), labels=["dark" if value < 120 else "light"]
        )
        for value in (10, 60, 110, 130, 180, 250)
    ]
    splits = {"train": [], "validation": [], "test": items}
    return Dataset.open(image_dataset(tmp_path / "shades", splits, Task.IMAGE_CLASSIFICATION))


def by_shade(tensors: Tensors) -> Tensors:
    """Logits of pictures in -1..1."""
    mean = tensors["images"].mean(axis=(1, 2, 3))
    return {"output_0": np.stack([-mean - 0.06, mean + 0.06], axis=1)}


def test_a_classifier_is_read_with_the_range_of_pixels_that_it_answers_best_for(shades):
    signature = Signature((PICTURES,), (TensorSpec("output_0", "float32", (None, 2)),))
    parity, sentence = compare_runs(shades, by_shade, by_shade, signature)
    assert parity.proven
    assert parity.metric == "accuracy"
    assert parity.metric_source == parity.metric_onnx == 1
    assert "pixels are given as -1..1" in sentence


def test_a_file_that_predicts_otherwise_is_not_proven(shades):
    signature = Signature((PICTURES,), (TensorSpec("output_0", "float32", (None, 2)),))
    parity, _ = compare_runs(shades, by_shade, lambda tensors: {"output_0": -by_shade(tensors)["output_0"]}, signature)
    assert not parity.proven
    assert parity.metric_onnx == 0


def test_logits_are_logits_for_all_pictures_even_where_they_look_like_probabilities(tmp_path):
    shown = {10: [], 120: ["dark"], 250: ["dark", "light"]}
    items = [
        an_item(a_plain_picture(tmp_path / f"{value}.png", value), str(value), labels=labels)
        for value, labels in shown.items()
    ]
    splits = {"train": [], "validation": [], "test": items}
    data = Dataset.open(image_dataset(tmp_path / "data", splits, Task.IMAGE_CLASSIFICATION))
    assert data.is_multi_label

    def logits(tensors: Tensors) -> Tensors:
        level = tensors["images"].mean(axis=(1, 2, 3)) / 255
        return {"output_0": np.stack([8 * level - 3, 8 * level - 3.5], axis=1)}  # of 120: .76 and .26

    pictures = TensorSpec("images", "uint8", (None, 8, 8, 3))
    (reading,) = readings(data, Signature((pictures,), (TensorSpec("output_0", "float32", (None, 2)),)))
    answers = [logits(inputs) for _, inputs in reading.items()]
    read = reading.reader(answers)
    confidences = sorted(read(answers[1])[0]["confidences"])
    assert confidences == pytest.approx([0.566, 0.682], abs=2e-3)


def test_a_detector_whose_first_class_is_1_is_read(tmp_path):
    boxes = [Box("cat", 0.0, 0.0, 0.5, 0.5), Box("dog", 0.5, 0.5, 1.0, 1.0)]
    items = [an_item(a_plain_picture(tmp_path / "0.png", 9), "0", boxes)]
    data = Dataset.open(image_dataset(tmp_path / "data", {"train": [], "validation": [], "test": items}))

    def detect(tensors: Tensors) -> Tensors:
        return {
            "detection_boxes": np.array([[[0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]], np.float32),
            "detection_scores": np.array([[0.9, 0.8]], np.float32),
            "detection_classes": np.array([[1, 2]], np.float32),
            "num_detections": np.array([2], np.float32),
        }

    outputs = tuple(TensorSpec(name, "float32", None) for name in sorted(detect({})))
    pictures = TensorSpec("input_tensor", "uint8", (1, None, None, 3))
    parity, sentence = compare_runs(data, detect, detect, Signature((pictures,), outputs))
    assert parity.metric_source == pytest.approx(1)
    assert "the first class is 1" in sentence


def test_a_regression_of_columns_is_read_by_their_names(tmp_path):
    data = Dataset.open(people_dataset(tmp_path, {"train": [], "validation": [], "test": [1.0, 4.0, 30.0]}))
    inputs = (TensorSpec("age", "float32", (None,)), TensorSpec("city", "string", (None, 1)))
    signature = Signature(inputs, (TensorSpec("dense", "float32", (None, 1)),))
    parity, _ = compare_runs(
        data,
        lambda tensors: {"dense": 2 * tensors["age"][:, None]},
        lambda tensors: {"dense": 2 * tensors["age"][:, None]},
        signature,
    )
    assert parity.proven
    assert parity.metric_source == 0


@pytest.mark.parametrize(
    ("inputs", "outputs", "says"),
    [
        ([TensorSpec("x", "float32", (None, 5))], [TensorSpec("y", "float32", (None, 2))], "no pictures"),
        ([PICTURES], [TensorSpec("y", "float32", (None, 7))], "2 numbers for an item"),
        ([PICTURES], [TensorSpec(name, "float32", (None, 2)) for name in "ab"], "2 outputs"),
    ],
)
def test_a_model_that_is_none_for_this_data_is_refused(shades, inputs, outputs, says):
    with pytest.raises(InputError, match=says):
        compare_runs(shades, by_shade, by_shade, Signature(tuple(inputs), tuple(outputs)))


def test_columns_that_the_data_lack_are_named(tmp_path):
    data = Dataset.open(people_dataset(tmp_path, {"train": [], "validation": [], "test": [1.0]}))
    signature = Signature((TensorSpec("height", "float32", (None, 1)),), (TensorSpec("y", "float32", (None, 1)),))
    with pytest.raises(InputError, match="height"):
        compare_runs(data, by_shade, by_shade, signature)
