"""What later steps make of a baseline that lives on the service."""

from dataclasses import replace
from pathlib import Path

import pytest
from vertex_world import SETTINGS, images, table

from graduate.components.automl_baseline.train import confusion_on_test
from graduate.components.automl_baseline.vertex.train import train_on_vertex
from graduate.components.data.items import Task
from graduate.components.data_quality_gate.judge import judge
from graduate.components.errors import InputError
from graduate.components.evaluate.compare import compare
from graduate.components.onnx_convert.convert import convert
from graduate.emulator.server import Emulator


def test_the_gate_judges_the_metrics_and_says_what_it_cannot_judge(engine: Emulator, tmp_path: Path) -> None:
    data = images(tmp_path, Task.OBJECT_DETECTION)
    model = train_on_vertex(data, tmp_path / "model", SETTINGS, poll_seconds=0.01)

    verdict = judge(str(data.path), str(model.path), str(tmp_path / "verdict"), str(tmp_path / "page.html"))

    assert {each.rule for each in verdict.not_judged} >= {"wrong_label", "missing_box"}
    assert verdict.standing.metric == "ap50"


def test_it_is_compared_on_the_very_same_items_but_not_converted(engine: Emulator, tmp_path: Path) -> None:
    data = table(tmp_path / "data", Task.TABULAR_CLASSIFICATION)
    model = train_on_vertex(data, tmp_path / "model", SETTINGS, poll_seconds=0.01)
    folder = str(model.path)

    found = compare(str(data.path), folder, folder, str(tmp_path / "evaluation"), str(tmp_path / "page.html"))
    assert found["measured_items"] == data.counts["test"]
    assert confusion_on_test(data.path, model)
    with pytest.raises(InputError, match="is a model of Vertex AI, which predicts with it itself"):
        convert(folder, tmp_path / "onnx", data.path, tmp_path / "certificate", tmp_path / "onnx.html")


def test_an_edge_model_has_no_confusion_matrix(engine: Emulator, tmp_path: Path) -> None:
    data = images(tmp_path, Task.IMAGE_CLASSIFICATION)
    settings = replace(SETTINGS, model_type="MOBILE_TF_VERSATILE_1")
    model = train_on_vertex(data, tmp_path / "model", settings, poll_seconds=0.01)

    assert confusion_on_test(data.path, model) is None
