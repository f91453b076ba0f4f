"""Settings of the engine `vertex` that are refused before anything is asked of the service."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vertex_world import SETTINGS, images, series, table

from graduate.components.automl_baseline.vertex.train import train_on_vertex
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.import_dataset.read import read_dataset
from graduate.emulator.server import Emulator


def dataset(path: Path, task: Task) -> Dataset:
    if task is Task.TABULAR_FORECASTING:
        return series(path / "data")
    return images(path, task) if task.is_image else table(path / "data", task)


def refusal(engine: Emulator, data: Dataset, **changes: Any) -> str:
    with pytest.raises(InputError) as caught:
        train_on_vertex(data, data.path / "model", replace(SETTINGS, **changes), poll_seconds=0.01)
    assert not engine.requests
    return str(caught.value)


@pytest.mark.parametrize(
    ("task", "model_type", "budget", "limits"),
    [
        (Task.TABULAR_REGRESSION, "", 999, "1,000 to 72,000 (21.25 to 1,530.14 USD"),
        (Task.TABULAR_CLASSIFICATION, "", 72_001, "1,000 to 72,000"),
        (Task.TABULAR_FORECASTING, "", 72_001, "1,000 to 72,000"),
        (Task.IMAGE_CLASSIFICATION, "", 7_999, "8,000 to 800,000"),
        (Task.OBJECT_DETECTION, "", 900_001, "20,000 to 900,000"),
        (Task.OBJECT_DETECTION, "MOBILE_TF_VERSATILE_1", 100_001, "1,000 to 100,000 (18.00 to 1,800.00 USD"),
    ],
)
def test_a_budget_that_the_service_does_not_take_is_refused(
    engine: Emulator, tmp_path: Path, task: Task, model_type: str, budget: int, limits: str
) -> None:
    data = dataset(tmp_path, task)

    message = refusal(engine, data, model_type=model_type, budget_milli_node_hours=budget)

    assert f"vertex_budget_milli_node_hours is {budget:,}" in message
    assert limits in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"project": ""}, "vertex_project is ''"),
        ({"location": "europe"}, "vertex_location is 'europe'"),
        ({"location": "europe-west44"}, "vertex_location is 'europe-west44'"),
        ({"staging": "/local"}, "vertex_staging is '/local': give a gs:// URI"),
        ({"labels": "Team=vision"}, "vertex_labels has 'Team=vision'"),
        ({"model_type": "CLOUD"}, "only image models have types"),
        ({"encryption_key": "key"}, "keyRings/RING"),
        ({"network": "inner"}, "projects/NUMBER/global/networks/NAME"),
        ({"service_account": "me"}, "e-mail address of a service account"),
        ({"export_image": "nowhere"}, "Artifact Registry"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    engine: Emulator, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    assert message in refusal(engine, dataset(tmp_path, Task.TABULAR_REGRESSION), **changes)


def test_a_model_type_is_mended_by_name(engine: Emulator, tmp_path: Path) -> None:
    data = dataset(tmp_path, Task.IMAGE_CLASSIFICATION)

    assert "did you mean MOBILE_TF_VERSATILE_1?" in refusal(engine, data, model_type="mobile_tf_versatile")


def test_texts_are_sent_elsewhere_before_any_call(engine: Emulator, tmp_path: Path) -> None:
    data = dataset(tmp_path, Task.TABULAR_CLASSIFICATION)
    data.task = Task.TEXT_CLASSIFICATION

    message = refusal(engine, data)

    assert "Google has switched AutoML Text off. Use engine=local, or tune a Gemini model" in message


@pytest.mark.parametrize(
    ("period", "horizon", "message"),
    [("15 seconds", 7, "every 1, 5, 10, 15 or 30 minutes"), ("2 days", 7, "2 days"), ("1 day", 1001, "at most 1,000")],
)
def test_series_that_the_service_does_not_forecast_are_refused(
    engine: Emulator, tmp_path: Path, period: str, horizon: int, message: str
) -> None:
    data = dataset(tmp_path, Task.TABULAR_FORECASTING)
    data.period, data.horizon = period, horizon

    assert message in refusal(engine, data)


def test_too_few_rows_and_an_empty_split_are_refused(engine: Emulator, tmp_path: Path) -> None:
    data = dataset(tmp_path, Task.TABULAR_REGRESSION)
    data.counts = {"train": 700, "validation": 100, "test": 100}
    assert "has 900 rows, and AutoML wants at least 1,000" in refusal(engine, data)

    data.counts = {"train": 1000, "validation": 0, "test": 100}
    assert "has no items for validation" in refusal(engine, data)


@pytest.mark.parametrize("task", [Task.IMAGE_CLASSIFICATION, Task.OBJECT_DETECTION])
def test_what_could_not_be_measured_is_not_paid_for(engine: Emulator, tmp_path: Path, task: Task) -> None:
    images(tmp_path, task)
    lines = [json.loads(line) for line in (tmp_path / "import.jsonl").read_text().splitlines()]
    for line in lines[-8:]:
        line.pop("classificationAnnotation", None) or line.pop("boundingBoxAnnotations")
    (tmp_path / "import.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read_dataset(str(tmp_path / "import.jsonl"), task, tmp_path / "bare")

    assert "no item of the test split is labelled" in refusal(engine, Dataset.open(tmp_path / "bare"))


def test_the_price_of_the_budget_is_said_before_it_is_spent(
    engine: Emulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dataset(tmp_path, Task.OBJECT_DETECTION)
    capsys.readouterr()
    settings = replace(SETTINGS, network="projects/1/global/networks/inner")
    train_on_vertex(data, tmp_path / "model", settings, poll_seconds=0.01)

    first, second = capsys.readouterr().out.splitlines()[:2]
    assert "projects/1/global/networks/inner is not used" in first
    assert "at most 20 node hours at 3.465 USD: at most 69.30 USD list price" in second
