"""Conversion proves that the file computes the same, and refuses what is not proven."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from tiny_models import an_image, an_item, detector, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.models import predictions
from graduate.components.models.onnx_runner import OnnxRunner
from graduate.components.onnx_convert.convert import NotProvenError, convert
from graduate.components.onnx_convert.proof.task import compare, predict_test_split

BOXES = [Box("cat", 0.0, 0.0, 0.4, 1.0), Box("dog", 0.6, 0.2, 1.0, 0.8)]


@pytest.fixture
def dataset(tmp_path):
    items = [an_item(an_image(tmp_path / f"{seed}.png", seed=seed), f"{seed}.png", BOXES) for seed in range(4)]
    return Dataset.open(image_dataset(tmp_path / "dataset", {"train": [], "validation": [], "test": items}))


@pytest.fixture
def source(tmp_path, dataset):
    """A model folder with an ONNX graph and the predictions that it made itself."""
    model = detector(tmp_path / "source", dataset_digests=dataset.digests)
    found = predict_test_split(OnnxRunner(model), dataset)
    predictions.write(model.predictions("test"), found)
    return model


def run(tmp_path, source, dataset):
    return convert(
        source.path, tmp_path / "out", dataset.path, certificate=tmp_path / "proof", page=tmp_path / "page.html"
    )


def test_a_graph_that_agrees_with_its_source_is_proven_and_becomes_the_model(tmp_path, source, dataset):
    result = run(tmp_path, source, dataset)
    assert result["proven"]
    assert result["items"] == 4
    assert result["max_abs_difference"] == 0
    assert result == json.loads((tmp_path / "proof" / "parity.json").read_text())
    assert OnnxRunner(replace(source, path=tmp_path / "out")).folder.labels == ["cat", "dog"]
    assert not (tmp_path / "out" / "unproven").exists()
    assert "Proven" in (tmp_path / "page.html").read_text()


def test_the_file_says_what_it_is(tmp_path, source, dataset):
    run(tmp_path, source, dataset)
    properties = {each.key: each.value for each in onnx.load(tmp_path / "out" / "model.onnx").metadata_props}
    assert json.loads(properties["labels"]) == ["cat", "dog"]
    assert properties["task"] == "object_detection"


def test_a_graph_with_a_changed_weight_is_refused_and_kept_apart(tmp_path, source, dataset):
    graph = onnx.load(source.onnx)
    shares = next(each for each in graph.graph.initializer if each.name == "shares")
    shares.CopyFrom(onnx.numpy_helper.from_array(np.array([[1.0, 0.6]], np.float32), "shares"))
    onnx.save(graph, source.onnx)
    with pytest.raises(NotProvenError, match=r"departing items: 0\.png"):
        run(tmp_path, source, dataset)
    assert not (tmp_path / "out" / "model.onnx").exists()
    assert not (tmp_path / "out" / "model.json").exists()
    assert (tmp_path / "out" / "unproven" / "model.onnx").exists()
    assert not json.loads((tmp_path / "proof" / "parity.json").read_text())["proven"]


def test_a_model_of_another_dataset_is_refused(tmp_path, source, dataset):
    source.dataset_digests = {**dataset.digests, "test": "0" * 64}
    source.save()
    with pytest.raises(InputError, match="not trained on this dataset"):
        run(tmp_path, source, dataset)


def a_prediction(*rows):
    return {
        "displayNames": [label for label, _, _ in rows],
        "confidences": [confidence for _, confidence, _ in rows],
        "bboxes": [list(box) for _, _, box in rows],
    }


LEFT, RIGHT = (0.0, 0.4, 0.0, 1.0), (0.6, 1.0, 0.2, 0.8)


@pytest.mark.parametrize(
    ("onnx_rows", "proven"),
    [
        ([("cat", 0.7000001, LEFT), ("dog", 0.7, RIGHT)], True),
        ([("dog", 0.7, RIGHT), ("cat", 0.7, LEFT)], True),  # near-equal scores swap places
        ([("cat", 0.7, LEFT), ("dog", 0.7, RIGHT), ("dog", 0.03, LEFT)], True),  # below the least confidence
        ([("cat", 0.7, LEFT)], False),
        ([("cat", 0.7, LEFT), ("cat", 0.7, RIGHT)], False),
        ([("cat", 0.7, LEFT), ("dog", 0.7, (0.61, 1.0, 0.2, 0.8))], False),
        ([("cat", 0.7, LEFT), ("dog", 0.7, RIGHT), ("dog", 0.3, LEFT)], False),
    ],
)
def test_detections_are_matched_by_label_score_and_box(dataset, onnx_rows, proven):
    before = {item.id: a_prediction(("cat", 0.7, LEFT), ("dog", 0.7, RIGHT)) for item in dataset.items("test")}
    after = {**before, "0.png": a_prediction(*onnx_rows)}
    parity = compare(dataset, Task.OBJECT_DETECTION, before, after)
    assert parity.proven is proven
    assert parity.departing == ([] if proven else ["0.png"])
