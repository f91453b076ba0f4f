"""The engine `vertex` with the real SDK against the emulator, from the data to the model folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.cloud.aiplatform_v1 import types
from vertex_world import IMAGES, PARENT, ROWS, SETTINGS, images, series, table

from graduate.components.automl_baseline.train import train_baseline
from graduate.components.automl_baseline.vertex.train import train_on_vertex
from graduate.components.data import storage
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.errors import FinalError, InputError
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models import hyperparameters, leaderboard, predictions
from graduate.components.models.folder import ModelFolder
from graduate.emulator.server import Emulator


def train(dataset: Dataset, output: Path, **changes: Any) -> ModelFolder:
    settings = replace(SETTINGS, **changes)
    return train_on_vertex(dataset, output, settings, output.with_suffix(".json"), poll_seconds=0.01)


def inputs(engine: Emulator) -> dict[str, Any]:
    """What the one training pipeline was told."""
    (request,) = engine.asked("POST", "/trainingPipelines")
    return request.body


def ids(model: ModelFolder, split: str) -> list[str]:
    return [identity for identity, _ in predictions.read(model.predictions(split))]


@pytest.mark.parametrize("task", [Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION])
def test_a_table_is_trained_on_measured_explained_and_exported(engine: Emulator, tmp_path: Path, task: Task) -> None:
    model = train(table(tmp_path / "data", task), tmp_path / "model")

    found = ModelFolder.open(tmp_path / "model")
    assert (found.framework, found.task) == ("vertex", task)
    metric = "rmse" if task is Task.TABULAR_REGRESSION else "log_loss"
    # On the same test rows, by other code.
    assert found.metrics[metric] == pytest.approx(found.parameters["service_metrics_as_ours"][metric])
    assert found.metric_intervals[metric][0] <= found.metrics[metric] <= found.metric_intervals[metric][1]
    assert [len(ids(model, split)) for split in ("validation", "test")] == [ROWS["validation"], ROWS["test"]]
    columns = json.loads(model.importance.read_text())["columns"]
    assert {each["column"] for each in columns} == {"Mean radius (mm)", "city", "opened"}
    assert (found.parameters["cost_milli_node_hours"], found.parameters["cost_usd"]) == (1000, 21.25)
    (export,) = found.parameters["exports"].values()
    assert storage.list_files(export["artifactOutputUri"])
    (trial,) = leaderboard.read(model.leaderboard)
    chosen = hyperparameters.read(model.hyperparameters)
    assert chosen
    assert chosen.hyperparameters["models"]
    assert trial.chosen
    assert metric in trial.validation


def test_the_service_is_told_our_splits_columns_and_settings(engine: Emulator, tmp_path: Path) -> None:
    key = "projects/demo/locations/europe-west4/keyRings/ring/cryptoKeys/key"
    train(
        table(tmp_path / "data", Task.TABULAR_CLASSIFICATION),
        tmp_path / "model",
        budget_milli_node_hours=2000,
        encryption_key=key,
        service_account="predictor@demo.iam.gserviceaccount.com",
        disable_early_stopping=True,
    )

    pipeline = inputs(engine)
    told = pipeline["trainingTaskInputs"]
    assert pipeline["inputDataConfig"]["predefinedSplit"] == {"key": "graduate_split"}
    assert (told["targetColumn"], told["predictionType"]) == ("spends", "classification")
    assert told["trainBudgetMilliNodeHours"] == 2000
    assert told["disableEarlyStopping"] is True
    # The column with one value has nothing to tell.
    assert {next(iter(each.values()))["column_name"] for each in told["transformations"]} == {
        "mean_radius_mm",
        "city",
        "opened",
    }
    assert pipeline["encryptionSpec"]["kmsKeyName"] == pipeline["modelToUpload"]["encryptionSpec"]["kmsKeyName"] == key
    assert pipeline["labels"]["team"] == pipeline["modelToUpload"]["labels"]["team"] == "vision"
    (dataset,) = engine.asked("POST", "/datasets")
    assert (dataset.body["encryptionSpec"]["kmsKeyName"], dataset.body["labels"]) == (key, {"team": "vision"})
    (batch,) = engine.asked("POST", "/batchPredictionJobs")
    assert batch.body["serviceAccount"] == "predictor@demo.iam.gserviceaccount.com"
    assert batch.body["encryptionSpec"]["kmsKeyName"] == key

    train(images(tmp_path, Task.OBJECT_DETECTION), tmp_path / "other")
    # Nothing of it is left for the next one.
    assert "encryptionSpec" not in engine.asked("POST", "/datasets")[-1].body
    assert "serviceAccount" not in engine.asked("POST", "/batchPredictionJobs")[-1].body


@pytest.mark.parametrize("name", ["shop", ""])
def test_time_series_are_forecast_from_the_past_of_the_test_split(engine: Emulator, tmp_path: Path, name: str) -> None:
    data = series(tmp_path / "data", name)
    model = train(data, tmp_path / "model")

    told = inputs(engine)["trainingTaskInputs"]
    assert told["timeSeriesIdentifierColumn"] == (name or "graduate_series")
    assert (told["forecastHorizon"], told["dataGranularity"]) == (7, {"unit": "day", "quantity": 1})
    assert told["availableAtForecastColumns"] == ["day"]
    assert len(ids(model, "test")) == data.counts["test"]
    # What is asked for is not told; all before it is.
    assert storage.read_bytes(_staged("test.csv")).decode().count(',,"') == data.counts["test"]
    assert model.metrics["mae"] == pytest.approx(model.parameters["service_metrics_as_ours"]["mae"])


@pytest.mark.parametrize("task", [Task.IMAGE_CLASSIFICATION, Task.OBJECT_DETECTION])
def test_images_are_uploaded_trained_on_and_predicted(engine: Emulator, tmp_path: Path, task: Task) -> None:
    model = train(images(tmp_path, task), tmp_path / "model")

    assert model.metrics["ap50" if task is Task.OBJECT_DETECTION else "accuracy"] == pytest.approx(1.0)
    assert ids(model, "test") == [f"{number}.png" for number in range(30, 38)]
    filters = inputs(engine)["inputDataConfig"]["filterSplit"]
    assert filters["testFilter"] == "labels.aiplatform.googleapis.com/ml_use=test"
    chosen = hyperparameters.read(model.hyperparameters)
    assert chosen
    assert (chosen.hyperparameters, "image" in chosen.note) == ({}, True)
    assert not model.label_probabilities.exists()
    assert not model.predictions("train").exists()


def test_images_with_several_labels_are_trained_on_as_such(engine: Emulator, tmp_path: Path) -> None:
    images(tmp_path, Task.IMAGE_CLASSIFICATION)
    lines = [json.loads(line) for line in (tmp_path / "import.jsonl").read_text().splitlines()]
    for line in lines[::3]:
        line["classificationAnnotations"] = [line.pop("classificationAnnotation"), {"displayName": "square"}]
    (tmp_path / "import.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read_dataset(str(tmp_path / "import.jsonl"), Task.IMAGE_CLASSIFICATION, tmp_path / "several")

    model = train(Dataset.open(tmp_path / "several"), tmp_path / "model")

    assert inputs(engine)["trainingTaskInputs"]["multiLabel"] is True
    (imported,) = engine.asked("POST", ":import")
    assert "multi_label" in imported.body["importConfigs"][0]["importSchemaUri"]
    assert set(next(predictions.read(model.predictions("test")))[1]["displayNames"]) == {"red", "blue", "square"}
    assert set(model.metrics) == {"map", "macro_f1", "micro_f1"}


def test_an_edge_model_is_exported_in_every_format_and_has_the_service_s_metrics(
    engine: Emulator, tmp_path: Path
) -> None:
    data = images(tmp_path, Task.IMAGE_CLASSIFICATION)
    model = train(data, tmp_path / "model", model_type="MOBILE_TF_VERSATILE_1")

    assert inputs(engine)["trainingTaskInputs"]["modelType"] == "MOBILE_TF_VERSATILE_1"
    assert set(model.parameters["exports"]) == {"tflite", "edgetpu-tflite", "tf-saved-model", "tf-js", "core-ml"}
    assert set(model.metrics) == {"log_loss"}
    assert not model.predictions("test").exists()


def test_only_the_formats_that_were_asked_for_are_exported(engine: Emulator, tmp_path: Path) -> None:
    data = images(tmp_path, Task.OBJECT_DETECTION)
    wanted = {"model_type": "MOBILE_TF_LOW_LATENCY_1", "export_formats": "tflite"}
    assert set(train(data, tmp_path / "model", **wanted).parameters["exports"]) == {"tflite"}

    with pytest.raises(InputError, match="'onnx': this model is offered in tflite"):
        train(data, tmp_path / "model", **wanted | {"export_formats": "onnx"})


def test_the_same_data_are_uploaded_and_imported_once(engine: Emulator, tmp_path: Path) -> None:
    data = images(tmp_path, Task.IMAGE_CLASSIFICATION)
    train(data, tmp_path / "first")
    train(data, tmp_path / "second", budget_milli_node_hours=9000)

    assert len(engine.asked("POST", "/datasets")) == len(engine.asked("POST", ":import")) == 1
    assert len(engine.asked("POST", "/trainingPipelines")) == 2
    uploaded = [uri for uri in storage.list_files(SETTINGS.staging) if uri.endswith(".png")]
    assert len(uploaded) == sum(IMAGES.values())


def test_a_renamed_file_is_the_same_training(engine: Emulator, tmp_path: Path) -> None:
    first = table(tmp_path / "data", Task.TABULAR_REGRESSION)
    train(first, tmp_path / "first")
    (tmp_path / "data" / "table.csv").rename(tmp_path / "visitors.csv")
    read_dataset(str(tmp_path / "visitors.csv"), Task.TABULAR_REGRESSION, tmp_path / "again", label_column="spends")
    model = train(Dataset.open(tmp_path / "again"), tmp_path / "second")

    assert len(engine.asked("POST", "/trainingPipelines")) == 1
    assert ids(model, "test")[0].startswith("visitors.csv:")


def test_a_data_set_that_was_deleted_is_made_again(engine: Emulator, tmp_path: Path) -> None:
    data = table(tmp_path / "data", Task.TABULAR_REGRESSION)
    first = train(data, tmp_path / "first")
    engine.resources.remove(first.parameters["vertex"]["dataset"])
    second = train(data, tmp_path / "second", budget_milli_node_hours=2000)

    assert second.parameters["vertex"]["dataset"] != first.parameters["vertex"]["dataset"]


def test_hyperparameters_that_nobody_may_read_are_said_to_be_absent(engine: Emulator, tmp_path: Path) -> None:
    engine.logs.forbidden = True
    model = train(table(tmp_path / "data", Task.TABULAR_REGRESSION), tmp_path / "model")

    chosen = hyperparameters.read(model.hyperparameters)
    assert chosen
    assert chosen.hyperparameters == {}
    assert "could not be read" in chosen.note


def test_a_row_that_the_service_fails_on_counts_as_not_known(engine: Emulator, tmp_path: Path) -> None:
    data = table(tmp_path / "data", Task.TABULAR_REGRESSION)
    train(data, tmp_path / "first")
    # The next prediction finds a row spoilt in the bucket.
    uri = _staged("to_predict.csv")
    header, first, *rest = storage.read_bytes(uri).decode().splitlines()
    spoilt = ",".join(['"many"', *first.split(",")[1:]])
    storage.write_bytes(uri, "\n".join([header, spoilt, *rest]).encode())
    engine.resources.remove(engine.resources.all(PARENT, "batchPredictionJobs")[0].name)

    model = train(data, tmp_path / "second")

    failures = json.loads((tmp_path / "second" / "predictions" / "failures.json").read_text())
    assert list(failures) == [data.table("validation")["__id__"][0].as_py()]
    assert model.parameters["failed_predictions"] == 1
    mean = np.mean(data.table("train")["spends"].to_numpy())
    assert next(predictions.read(model.predictions("validation")))[1] == {"value": pytest.approx(mean)}


def test_a_service_that_fails_on_many_items_ends_the_run(engine: Emulator, tmp_path: Path) -> None:
    data = images(tmp_path, Task.IMAGE_CLASSIFICATION)
    train(data, tmp_path / "model")
    storage.write_bytes(_staged("test-0.png"), b"no image")
    engine.resources.remove(engine.resources.all(PARENT, "batchPredictionJobs")[0].name)

    broken = next(data.items("test")).id
    with pytest.raises(FinalError, match=f"could not predict 1 of 14 items, the first is {broken}"):
        train(data, tmp_path / "model")


def test_images_in_a_bucket_stay_where_they_are(engine: Emulator, tmp_path: Path) -> None:
    images(tmp_path, Task.IMAGE_CLASSIFICATION)
    for file in tmp_path.glob("*.png"):
        storage.write_bytes(f"gs://bucket/pictures/{file.name}", file.read_bytes())
    lines = (tmp_path / "import.jsonl").read_bytes()
    storage.write_bytes("gs://bucket/pictures/import.jsonl", lines)
    read_dataset("gs://bucket/pictures/import.jsonl", Task.IMAGE_CLASSIFICATION, tmp_path / "remote")

    model = train(Dataset.open(tmp_path / "remote"), tmp_path / "model")

    assert model.metrics["accuracy"] == 1.0
    assert not [uri for uri in storage.list_files(SETTINGS.staging) if uri.endswith(".png")]


def test_the_front_door_trains_with_the_engine(engine: Emulator, tmp_path: Path) -> None:
    data = table(tmp_path / "data", Task.TABULAR_CLASSIFICATION)
    resources, page = tmp_path / "resources.json", tmp_path / "page.html"
    trained = train_baseline(
        data.path, tmp_path / "model", page, engine="vertex", vertex=SETTINGS, gcp_resources=resources
    )

    (pipeline,) = engine.resources.all(PARENT, "trainingPipelines")
    assert isinstance(pipeline, types.TrainingPipeline)
    uri = f"https://europe-west4-aiplatform.googleapis.com/v1/{pipeline.name}"
    assert {"resourceType": "TrainingPipeline", "resourceUri": uri} in json.loads(resources.read_text())["resources"]
    assert trained.name in page.read_text()


def _staged(name: str) -> str:
    """The one staged file whose name ends so."""
    (uri,) = (uri for uri in storage.list_files(SETTINGS.staging) if uri.endswith(name))
    return uri
