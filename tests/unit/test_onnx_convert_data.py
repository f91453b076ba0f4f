"""Conversion with a data set: of model folders, of our SavedModels that come alone, and of those of others."""

import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tiny_forms import classifier, detector

from graduate.components.batch_predict.predict import predict
from graduate.components.data.dataset import Dataset
from graduate.components.errors import InputError
from graduate.components.models.folder import ModelFolder
from graduate.components.models.onnx_runner import OnnxRunner
from graduate.components.onnx_convert.convert import convert

World = tuple[ModelFolder, Dataset]


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> World:
    return classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> World:
    return detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def converted(boxes: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("converted") / "out"
    return out, convert(boxes[0].path, out, boxes[1].path)


def test_a_detector_is_proven_on_real_pictures_and_by_every_metric(boxes: World, converted):
    (_, data), (out, certificate) = boxes, converted
    assert certificate["proven"]
    assert certificate["tensors"]["detections"]["unmatched"] == 0
    assert certificate["task"]["items"] == data.counts["test"]
    assert set(certificate["task"]["metrics_source"]) >= {"ap", "ap50", "ap75"}
    assert certificate["data"] == dict(data.digests)
    assert "Boxes of both" in (out / "page.html").read_text()


def test_batch_prediction_runs_on_what_was_converted(boxes: World, converted, tmp_path: Path):
    summary = predict(str(converted[0]), str(boxes[1].path), str(tmp_path / "predicted"), workers=1)
    assert summary["results"] == sum(boxes[1].counts.values())


def test_a_saved_model_of_this_library_says_what_it_is_though_it_comes_alone(classes: World, tmp_path: Path):
    model, data = classes
    certificate = convert(model.saved_model, tmp_path / "out", data.path)
    folder = ModelFolder.open(tmp_path / "out")
    assert (folder.task, folder.labels, folder.input) == (model.task, model.labels, model.input)
    assert OnnxRunner(folder).folder.onnx.is_file()
    assert certificate["metric_onnx"] == pytest.approx(certificate["metric_source"])


def test_the_metric_of_a_model_of_the_users_is_computed_where_its_outputs_can_be_read(boxes: World, tmp_path: Path):
    model, data = boxes
    source = tf.saved_model.load(str(model.saved_model))
    tf.saved_model.save(source, str(tmp_path / "theirs"), signatures={"serving_default": source.predict})  # pyright: ignore[reportAttributeAccessIssue]
    for asset in (tmp_path / "theirs" / "assets").iterdir():
        asset.unlink()
    certificate = convert(tmp_path / "theirs", tmp_path / "out", data.path)
    assert certificate["task"]["items"] == data.counts["test"]
    assert any("Nobody says what the tensors of this model mean" in each for each in certificate["weaknesses"])
    assert not (tmp_path / "out" / "model.json").exists()


def test_without_the_data_set_a_model_folder_is_proven_on_inputs_made_up(classes: World, tmp_path: Path):
    certificate = convert(classes[0].path, tmp_path / "out")
    assert certificate["task"] is None
    assert any("made up" in each for each in certificate["weaknesses"])
    assert ModelFolder.open(tmp_path / "out").labels == classes[0].labels


def test_a_data_set_for_another_task_is_refused(classes: World, boxes: World, tmp_path: Path):
    with pytest.raises(InputError, match="a model for image_classification, but the dataset is for object_detection"):
        convert(classes[0].saved_model, tmp_path / "out", boxes[1].path)


def test_every_form_and_a_smaller_file_come_from_one_step(classes: World, tmp_path: Path):
    model, data = classes
    out = tmp_path / "out"
    certificate = convert(model.path, out, data.path, precision="fp16", budget=1.0, forms="tflite,backbone,safetensors")
    assert certificate["smaller"]["precision"] == "fp16"
    assert {each["form"] for each in certificate["forms"]} == {"tflite", "backbone", "safetensors"}
    assert all(each["accepted"] for each in certificate["forms"])
    assert {"model.tflite", "backbone.onnx", "weights.safetensors", "name_map.json"} <= {e.name for e in out.iterdir()}
    assert json.loads((out / "parity.json").read_text()) == certificate


def test_forms_of_an_earlier_conversion_do_not_stay(classes: World, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "model.tflite").write_text("of another model")
    convert(classes[0].path, out)
    assert not (out / "model.tflite").exists()
