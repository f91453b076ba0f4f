"""The files of a model folder: model.json, predictions, label probabilities, feature transforms."""

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_tables

from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.errors import InputError
from graduate.components.models import feature_transforms, label_probabilities, predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.label_probabilities import LabelProbabilities


def a_model(path: Path) -> ModelFolder:
    return ModelFolder(
        path=path,
        name="tiny",
        task=Task.TABULAR_CLASSIFICATION,
        labels=["no", "yes"],
        framework="onnx",
        pretrained="Trained from nothing.",
        dataset_digests={"train": "00"},
        input={"kind": "columns", "columns": [{"name": "age", "type": ColumnType.NUMBER, "dtype": "float32"}]},
        metrics={"accuracy": 0.5},
    )


def test_a_saved_model_folder_opens_as_it_was(tmp_path):
    model = a_model(tmp_path / "model")
    model.save()
    assert ModelFolder.open(model.path) == model


def test_a_folder_without_model_json_is_refused_by_its_name(tmp_path):
    with pytest.raises(InputError, match="nowhere is not a model folder"):
        ModelFolder.open(tmp_path / "nowhere")


def test_a_model_json_that_lacks_a_field_is_refused_with_the_field(tmp_path):
    model = a_model(tmp_path)
    model.save()
    values = json.loads((tmp_path / "model.json").read_text())
    del values["labels"]
    (tmp_path / "model.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="labels is absent"):
        ModelFolder.open(tmp_path)


def test_a_damaged_model_json_is_refused_with_its_line(tmp_path):
    (tmp_path / "model.json").write_text('{\n "format": 1,,\n}')
    with pytest.raises(InputError, match=r"model\.json, line 2"):
        ModelFolder.open(tmp_path)


def test_metrics_that_are_not_numbers_do_not_reach_the_disk(tmp_path):
    model = a_model(tmp_path)
    model.metrics = {"accuracy": float("nan")}
    with pytest.raises(ValueError, match="JSON"):
        model.save()
    assert not list(tmp_path.iterdir())


def test_written_predictions_are_read_in_their_order(tmp_path):
    pairs = [("a.csv:3", {"value": 1.5}), ("ü.csv:2", {"displayNames": ["é"], "confidences": [1.0]})]
    predictions.write(tmp_path / "deep" / "test.jsonl", pairs)
    assert list(predictions.read(tmp_path / "deep" / "test.jsonl")) == pairs


def test_a_damaged_prediction_is_refused_with_its_line(tmp_path):
    (tmp_path / "test.jsonl").write_text('{"id": "a", "prediction": {"value": 1}}\n{"id": "b"}\n')
    with pytest.raises(InputError, match=r"test\.jsonl, line 2"):
        list(predictions.read(tmp_path / "test.jsonl"))


def test_confidences_descend_and_come_back_in_the_order_of_the_labels():
    prediction = predictions.of_probabilities(["a", "b", "c"], np.array([0.25, 0.5, 0.25]))
    assert prediction == {"displayNames": ["b", "a", "c"], "confidences": [0.5, 0.25, 0.25]}
    assert predictions.to_probabilities(["c", "b", "x"], prediction).tolist() == [0.25, 0.5, 0.0]


@pytest.mark.parametrize("count", [0, 3])
def test_label_probabilities_come_back_as_written(tmp_path, count):
    rows = LabelProbabilities(
        ids=["a", "b", "b"][:count],
        splits=["train", "test", "test"][:count],
        boxes=np.array([-1, 0, 1], np.int32)[:count],
        labels=["x", "y", "x"][:count],
        probabilities=np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]], np.float32)[:count],
    )
    label_probabilities.write(tmp_path / "rows.parquet", rows)
    found = label_probabilities.read(tmp_path / "rows.parquet")
    assert (found.ids, found.splits, found.labels) == (rows.ids, rows.splits, rows.labels)
    assert found.boxes.tolist() == rows.boxes.tolist()
    assert found.probabilities.tolist() == rows.probabilities.tolist()


@pytest.fixture(scope="module")
def transforms(tmp_path_factory) -> dict[str, feature_transforms.FeatureTransform]:
    data = tiny_tables.visitors(tmp_path_factory.mktemp("data") / "visitors", Task.TABULAR_REGRESSION)
    described = feature_transforms.describe(data.table("train"), tiny_tables.COLUMNS)
    return {each.column: each for each in described}


def test_every_kind_of_column_gets_its_transform(transforms):
    assert {name: each.transform for name, each in transforms.items()} == {
        "visitor_id": "dropped",
        "Mean radius (mm)": "numeric",
        "opened": "date",
        "city": "one_hot",
        "member": "numeric",
        "remark": "dropped",
        "country": "dropped",
    }


def test_a_dropped_column_says_why(transforms):
    reasons = {name: transforms[name].statistics["reason"] for name in ("visitor_id", "remark", "country")}
    assert reasons["visitor_id"].startswith("Identifier")
    assert reasons["remark"].startswith("Free text")
    assert reasons["country"].startswith("Constant")


def test_missing_values_are_counted_and_have_a_place_among_the_categories(transforms):
    assert transforms["Mean radius (mm)"].statistics["missing"] > 0
    assert transforms["city"].statistics["vocabulary"] == ["", "Basel", "Chur", "Zürich"]


def test_rare_categories_get_no_place_of_their_own(tmp_path):
    columns = [Column("town", ColumnType.CATEGORY), Column("y", ColumnType.NUMBER)]
    rows = [{"town": town, "y": 1.0} for town in ["a"] * 9 + ["b"] * 5 + ["c"] * 4]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_REGRESSION, columns, rows, {"train": 18})
    (town,) = feature_transforms.describe(data.table("train"), columns[:1])
    assert town.statistics["vocabulary"] == ["a", "b"]


def test_whole_numbers_that_never_repeat_by_chance_are_no_identifier(tmp_path):
    columns = [Column("price", ColumnType.NUMBER), Column("y", ColumnType.NUMBER)]
    rows = [{"price": 7919.0 * place % 1_000_003, "y": 1.0} for place in range(1, 101)]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_REGRESSION, columns, rows, {"train": 100})
    (price,) = feature_transforms.describe(data.table("train"), columns[:1])
    assert price.transform == "numeric"


def test_feature_transforms_come_back_as_written(tmp_path, transforms):
    feature_transforms.write(tmp_path / "feature_transforms.json", list(transforms.values()))
    assert feature_transforms.read(tmp_path / "feature_transforms.json") == list(transforms.values())
