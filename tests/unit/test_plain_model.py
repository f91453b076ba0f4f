"""ONNX files of somebody else's, made of a few nodes."""

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import tensorflow as tf
import tiny_models
from onnx import TensorProto, helper, numpy_helper

from graduate.components.errors import InputError
from graduate.components.prediction.ids import add_ids
from graduate.components.prediction.plain_input import resized
from graduate.components.prediction.predictor import open_predictor
from graduate.components.prediction.reading import Reading

_RED_ABOVE_BLUE = np.zeros((6, 4, 3), np.uint8)
_RED_ABOVE_BLUE[:3, :, 0] = 255
_RED_ABOVE_BLUE[3:, :, 2] = 255


def _save(file: Path, nodes, shape, outputs, dtype=TensorProto.FLOAT, constants=None, metadata=None, inputs=("x",)):
    """An ONNX file; `outputs` are names with their shapes."""
    graph = helper.make_graph(
        nodes,
        "plain",
        [helper.make_tensor_value_info(name, dtype, shape) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, file)
    return file


def _means(file: Path, shape, last: str | None = None, dtype=TensorProto.FLOAT, **more) -> Path:
    """Answers the mean of each channel, [N, 3], through the operator `last`."""
    axes = [2, 3] if shape[1] == 3 else [1, 2]
    nodes = [
        helper.make_node("Cast", ["x"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["means" if last else "y"], keepdims=0),
        *([helper.make_node(last, ["means"], ["y"])] if last else []),
    ]
    return _save(file, nodes, shape, {"y": ["N", 3]}, dtype, {"axes": axes}, **more)


def _echo(file: Path, shape, dtype=TensorProto.FLOAT) -> Path:
    """Answers what it was given, as floats."""
    return _save(file, [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], shape, {"y": [None] * 4}, dtype)


def _given(file: Path, reading: Reading, image=_RED_ABOVE_BLUE) -> np.ndarray:
    (prediction,) = open_predictor(file, reading).predict_images([image])
    return np.array(prediction["outputs"]["y"])


def test_the_shape_says_where_the_channels_are(tmp_path):
    first = _given(_echo(tmp_path / "first.onnx", ["N", 3, "H", "W"]), Reading(scaling="0..255"))
    last = _given(_echo(tmp_path / "last.onnx", [1, None, None, 3]), Reading(scaling="0..255"))

    assert np.array_equal(last[0], _RED_ABOVE_BLUE)
    assert np.array_equal(first[0], _RED_ABOVE_BLUE.transpose(2, 0, 1))


@pytest.mark.parametrize("shape", [["N", 3, "H", 3], ["N", None, None, None], [1, 3, 3, 3]])
def test_a_shape_that_leaves_the_channels_open_needs_the_layout(tmp_path, shape):
    file = _echo(tmp_path / "model.onnx", shape)

    with pytest.raises(InputError, match="--layout nhwc or --layout nchw"):
        open_predictor(file, Reading(scaling="0..1"))
    assert open_predictor(file, Reading("nchw", "0..1")).input["kind"] == "image"


@pytest.mark.parametrize(
    ("scaling", "red", "black"),
    [
        ("0..255", [255, 0, 0], [0, 0, 0]),
        ("0..1", [1, 0, 0], [0, 0, 0]),
        ("-1..1", [1, -1, -1], [-1, -1, -1]),
        (
            "imagenet",
            [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225],
            [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
        ),
    ],
)
@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_pixels_are_scaled_as_the_user_says_for_floats_of_any_width(tmp_path, scaling, red, black, dtype):
    image = np.zeros((2, 1, 3), np.uint8)
    image[0, 0, 0] = 255

    given = _given(_echo(tmp_path / "model.onnx", ["N", "H", "W", 3], dtype), Reading(scaling=scaling), image)

    assert given[0, :, 0] == pytest.approx(np.array([red, black]), abs=2e-3)


def test_imagenet_statistics_go_with_their_channels_where_blue_comes_first(tmp_path):
    rgb, bgr = (
        _given(_echo(tmp_path / "model.onnx", ["N", "H", "W", 3]), Reading(scaling="imagenet", channels=channels))
        for channels in ("rgb", "bgr")
    )

    assert np.array_equal(bgr, rgb[..., ::-1])


def test_floats_without_a_scaling_are_refused_and_bytes_need_none(tmp_path):
    with pytest.raises(InputError, match=re.escape("--scaling=-1..1 or --scaling=imagenet")):
        open_predictor(_echo(tmp_path / "float.onnx", ["N", 3, 8, 8]))

    given = _given(_echo(tmp_path / "bytes.onnx", ["N", "H", "W", 3], TensorProto.UINT8), Reading())
    assert np.array_equal(given[0], _RED_ABOVE_BLUE)


@pytest.mark.parametrize("size", [(8, 5), (30, 50), (40, 40), (1, 1)])
def test_pictures_are_resized_as_tensorflow_does(size):
    image = np.random.default_rng(0).integers(0, 256, (31, 43, 3), dtype=np.uint8)

    expected = np.asarray(tf.image.resize(image, size))

    assert np.abs(resized(image, *size) - expected).max() <= 0.005


def test_a_fixed_size_is_resized_to_and_bytes_are_rounded(tmp_path):
    given = _given(_echo(tmp_path / "model.onnx", ["N", 3, 4, 2], TensorProto.UINT8), Reading())

    assert given.shape == (1, 3, 4, 2)
    assert given[0, 0, :, 0].tolist() == [255, 255, 0, 0]


@pytest.mark.parametrize(
    ("make", "reading", "sentence"),
    [
        (lambda file: _echo(file, [4, 3, 8, 8]), Reading(scaling="0..1"), "one by one"),
        (lambda file: _echo(file, ["N", 1, 8, 8]), Reading(scaling="0..1"), "pictures in colour"),
        (lambda file: _echo(file, ["N", 3, 8, 8], TensorProto.INT64), Reading(), "only uint8 or float"),
        (lambda file: _echo(file, ["N", 3, 8]), Reading(), "only uint8 or float"),
        (lambda file: _echo(file, ["N", 3, 8, 8]), Reading("nhwc", "0..1"), "which is not nhwc"),
        (lambda file: _echo(file, ["N", 3, 8, 8], TensorProto.UINT8), Reading(scaling="0..1"), "leave --scaling away"),
        (lambda file: file.write_bytes(b"no model"), Reading(), "cannot be loaded"),
        (
            lambda file: _save(
                file, [helper.make_node("Add", ["x", "z"], ["y"])], [1, 3, 8, 8], {"y": [1, 3, 8, 8]}, inputs=("x", "z")
            ),
            Reading(scaling="0..1"),
            r"2 inputs \(x, z\)",
        ),
    ],
)
def test_what_cannot_be_predicted_with_is_refused_in_a_sentence(tmp_path, make, reading, sentence):
    file = tmp_path / "model.onnx"
    make(file)

    with pytest.raises(InputError, match=sentence):
        open_predictor(file, reading)


def test_rows_that_add_up_to_one_are_probabilities_of_the_labels(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("red\ngreen\nblue\n\n", encoding="utf-8")
    file = _means(tmp_path / "model.onnx", ["N", 3, 8, 8], "Softmax")

    model = open_predictor(file, Reading(scaling="0..1", labels=str(labels)))
    (prediction,) = model.predict_images([_RED_ABOVE_BLUE])
    (unnamed,) = open_predictor(file, Reading(scaling="0..1")).predict_images([_RED_ABOVE_BLUE])

    assert model.task == "image_classification"
    assert model.files == [file, labels]
    assert prediction["displayNames"] == ["red", "blue", "green"]
    assert unnamed["displayNames"] == ["0", "2", "1"]
    assert sum(prediction["confidences"]) == pytest.approx(1)


def test_numbers_that_are_no_probabilities_stay_numbers_until_the_user_says_what_they_are(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("red\ngreen\nblue\n", encoding="utf-8")
    file = _means(tmp_path / "model.onnx", ["N", "H", "W", 3])

    (raw,) = open_predictor(file, Reading(scaling="0..1")).predict_images([_RED_ABOVE_BLUE])
    with pytest.raises(InputError, match="--activation softmax"):
        open_predictor(file, Reading(scaling="0..1", labels=str(labels)))
    softmax, sigmoid = (
        open_predictor(file, Reading(scaling="0..1", labels=str(labels), activation=activation))
        for activation in ("softmax", "sigmoid")
    )

    assert raw == {"outputs": {"y": [[0.5, 0.0, 0.5]]}}
    assert not softmax.is_multi_label
    assert sigmoid.is_multi_label
    shares = np.exp([0.5, 0.5, 0])
    assert softmax.predict_images([_RED_ABOVE_BLUE])[0]["confidences"] == pytest.approx(shares / shares.sum())
    assert sigmoid.predict_images([_RED_ABOVE_BLUE])[0]["confidences"] == pytest.approx(1 / (1 + 1 / shares))


def test_labels_of_another_number_than_the_classes_are_refused(tmp_path):
    (tmp_path / "two.txt").write_text("red\ngreen\n", encoding="utf-8")
    (tmp_path / "gap.txt").write_text("red\n\nblue\n", encoding="utf-8")
    file = _means(tmp_path / "model.onnx", ["N", 3, 8, 8], "Softmax")

    with pytest.raises(InputError, match=r"2 labels, but .* answers 3 classes"):
        open_predictor(file, Reading(scaling="0..1", labels=str(tmp_path / "two.txt")))
    with pytest.raises(InputError, match=r"gap.txt, line 2: no label"):
        open_predictor(file, Reading(scaling="0..1", labels=str(tmp_path / "gap.txt")))
    (tmp_path / "twice.txt").write_text("crane\ncat\ncrane\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"twice.txt, lines 1 and 3: 'crane' is the label of several classes"):
        open_predictor(file, Reading(scaling="0..1", labels=str(tmp_path / "twice.txt")))
    with pytest.raises(InputError, match="is no classifier or detector"):
        open_predictor(
            _echo(tmp_path / "echo.onnx", ["N", 3, 8, 8]), Reading(scaling="0..1", labels=str(tmp_path / "two.txt"))
        )


def _detector(file: Path, classes: list[float]) -> Path:
    """A detector in the way of the TF Object Detection API, its names ending as those of TensorFlow."""
    constants = {
        "boxes": np.array([[[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 1.0, 0.5]]], np.float32),
        "classes": np.array([classes], np.float32),
        "scores": np.array([[0.4, 0.9]], np.float32),
        "number": np.array([2], np.float32),
    }
    names = ["detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0"]
    nodes = [helper.make_node("Identity", [value], [name]) for value, name in zip(constants, names, strict=True)]
    nodes.append(helper.make_node("Cast", ["x"], ["raw_detection_boxes:0"], to=TensorProto.FLOAT))
    outputs = {name: [None] * rank for name, rank in zip(names, (3, 2, 2, 1), strict=True)}
    outputs["raw_detection_boxes:0"] = [None] * 4
    return _save(file, nodes, ["N", "H", "W", 3], outputs, TensorProto.UINT8, constants)


def test_a_detector_of_the_object_detection_api_counts_its_classes_from_one(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\n", encoding="utf-8")
    file = _detector(tmp_path / "model.onnx", [1, 2])

    model = open_predictor(file, Reading(labels=str(labels)))
    (named,) = model.predict_images([_RED_ABOVE_BLUE])
    (unnamed,) = open_predictor(file).predict_images([_RED_ABOVE_BLUE])

    assert model.task == "object_detection"
    assert named["displayNames"] == ["dog", "cat"]
    assert named["bboxes"][1] == pytest.approx([0.2, 0.4, 0.1, 0.3])
    assert unnamed["displayNames"] == ["2", "1"]
    assert add_ids(unnamed, {})["ids"] == ["2", "1"]


def test_the_scores_of_a_detector_are_final(tmp_path):
    with pytest.raises(InputError, match="leave --activation away"):
        open_predictor(_detector(tmp_path / "model.onnx", [1, 2]), Reading(activation="sigmoid"))


def test_a_class_without_a_label_is_said_and_not_shifted(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\n", encoding="utf-8")
    model = open_predictor(_detector(tmp_path / "model.onnx", [0, 1]), Reading(labels=str(labels)))

    with pytest.raises(InputError, match=re.escape("classes 0 to 1, but there are 2 labels, counted from 1")):
        model.predict_images([_RED_ABOVE_BLUE])


def test_a_file_out_of_a_model_folder_predicts_as_the_folder_does(tmp_path):
    folder = tiny_models.detector(tmp_path / "detector")
    model = onnx.load(folder.onnx)
    described = {"task": "object_detection", "labels": '["cat", "dog"]', "input": "{}", "dataset_digests": "{}"}
    helper.set_model_props(model, described)
    onnx.save(model, tmp_path / "alone.onnx")

    alone, whole = open_predictor(tmp_path / "alone.onnx"), open_predictor(folder.path)

    assert alone.labels == whole.labels
    assert alone.predict_images([_RED_ABOVE_BLUE]) == whole.predict_images([_RED_ABOVE_BLUE])


def test_what_a_converted_saved_model_says_of_its_labels_holds(tmp_path):
    steps = {"graduate": "1", "labels": ["red", "green", "blue"], "multi_label": True, "first_class": 0}
    file = _means(
        tmp_path / "model.onnx",
        ["N", "H", "W", 3],
        dtype=TensorProto.UINT8,
        metadata={"preprocessing": json.dumps(steps)},
    )

    model = open_predictor(file)

    assert model.is_multi_label
    assert model.predict_images([_RED_ABOVE_BLUE])[0]["displayNames"] == ["red", "blue", "green"]


def test_weights_beside_the_file_count_among_its_files(tmp_path):
    file = _echo(tmp_path / "model.onnx", ["N", "H", "W", 3], TensorProto.UINT8)
    beside = tmp_path / "model.onnx.data"
    beside.write_bytes(b"weights")

    assert open_predictor(file).files == [file, beside]
