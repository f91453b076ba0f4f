"""docs/model-folder.md: its examples have the fields that the code writes."""

import dataclasses
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_tables

from graduate.components.automl_baseline.forecasting.baseline import train_forecasting_baseline
from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.import_dataset.import_series import import_series
from graduate.components.models import feature_transforms
from graduate.components.models.feature_transforms import Transform
from graduate.components.models.folder import ModelFolder

DOCUMENT = Path(__file__).parents[2] / "docs" / "model-folder.md"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """The baseline that the examples are of."""
    folder = tmp_path_factory.mktemp("visitors")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_CLASSIFICATION)
    return train_tabular_baseline(data, folder / "model")


def examples(heading: str) -> list[Any]:
    """The JSON examples under a heading of the document."""
    section = DOCUMENT.read_text(encoding="utf-8").split(f"\n## `{heading}`\n")[1].split("\n## ")[0]
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]


def fields(value: Any) -> Any:
    """The names of the fields, however deep, without the values; of a list, those of its elements."""
    if isinstance(value, dict):
        return {name: fields(inner) for name, inner in value.items()}
    if isinstance(value, list):
        found = [fields(each) for each in value]
        return [each for place, each in enumerate(found) if each and each not in found[:place]]
    return None


def written(model: ModelFolder, file: str) -> Any:
    return json.loads((model.path / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", ["model.json", "importance.json"])
def test_the_example_has_the_very_fields_of_the_file(model: ModelFolder, file: str):
    assert [fields(written(model, file))] == fields(examples(file))


def test_trials_and_hyperparameters_have_the_very_fields_of_the_files(model: ModelFolder):
    # Which hyperparameters there are hangs on the estimator that was chosen.
    for trial in (*written(model, "leaderboard.json"), *examples("leaderboard.json")[0]):
        assert list(trial) == ["name", "hyperparameters", "validation", "cpu_seconds", "chosen"]
        assert set(trial["validation"]) == {"accuracy", "log_loss", "macro_f1", "roc_auc"}
    assert list(written(model, "hyperparameters.json")) == list(examples("hyperparameters.json")[0])


def test_there_is_an_example_of_every_feature_transform_with_its_statistics(model: ModelFolder, tmp_path: Path):
    texts = pa.table({"remark": ["came in time", "came late", "late again", "in time"]})
    words = feature_transforms.describe(texts, [Column("remark", ColumnType.TEXT)])
    series = feature_transforms.read(_forecast(tmp_path).feature_transforms)
    # Last those of the table, whose dates have no period.
    made = {each.transform: each for each in (*words, *series, *feature_transforms.read(model.feature_transforms))}
    shown = {each["transform"]: each for each in examples("feature_transforms.json")[0]}
    assert set(shown) == set(made) == set(get_args(Transform))
    for name, each in made.items():
        assert set(shown[name]) == {field.name for field in dataclasses.fields(each)}
        assert set(shown[name]["statistics"]) == set(each.statistics)


def _forecast(folder: Path) -> ModelFolder:
    """A baseline of one short series."""
    rows = [f"2026-{day // 28 + 1:02}-{day % 28 + 1:02},{day % 7},Bern" for day in range(84)]
    (folder / "sales.csv").write_text("\n".join(["day,sold,shop", *rows]))
    import_series(str(folder / "sales.csv"), folder / "data", "sold", "day", "shop", 7)
    return train_forecasting_baseline(Dataset.open(folder / "data"), folder / "model")


def test_predictions_have_the_fields_that_are_shown(model: ModelFolder):
    lines = model.predictions("test").read_text(encoding="utf-8").splitlines()
    assert fields(json.loads(lines[0])) == fields(examples("predictions/SPLIT.jsonl")[0])


def test_label_probabilities_have_the_columns_that_are_shown(model: ModelFolder):
    assert pq.read_schema(model.label_probabilities).names == list(examples("label_probabilities.parquet")[0])


def test_the_preprocessing_is_described_as_it_is_shown():
    from graduate.components.models.serving import preprocessing  # which takes a while: TensorFlow

    (shown,) = examples("saved_model/")
    assert preprocessing(Task.OBJECT_DETECTION, ["cat", "dog"], 320) == {**shown, "graduate": version("graduate")}


def test_every_file_of_the_folder_is_in_the_table(model: ModelFolder):
    places = [getattr(model, name) for name, each in vars(ModelFolder).items() if isinstance(each, property)]
    rows = re.findall(r"^\| \[?`([^`]+)`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    named = {row.rstrip("/").split("/")[0] for row in rows}
    assert {each.name for each in (*model.path.iterdir(), *places) if isinstance(each, Path)} <= named
