"""What a training takes over from the baseline's search, and what it does not."""

from pathlib import Path
from typing import Any

import pytest

from graduate.components.data.items import Task
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.settings.warm_start import TAKEN_OVER, from_baseline
from graduate.components.models import hyperparameters, leaderboard
from graduate.components.models.folder import ModelFolder
from graduate.components.models.hyperparameters import Hyperparameters
from graduate.components.models.leaderboard import Trial

DOCS = Path(__file__).parents[2] / "docs" / "fine-tuning.md"
QUICK = {"image_size": 320, "channels": 96, "batch_size": 8, "learning_rate": 0.006}
FIRST = QUICK | {"learning_rate": 0.003}


def baseline(folder: Path, task: Task, *tried: dict[str, Any]) -> ModelFolder:
    """With trials of these hyperparameters, the best first."""
    model = ModelFolder(
        path=folder,
        name="baseline",
        task=task,
        labels=[],
        framework="tensorflow",
        pretrained="",
        dataset_digests={},
        input={"kind": "columns", "columns": []},
    )
    trials = [Trial(name="t", hyperparameters=each, validation={}, cpu_seconds=0, chosen=False) for each in tried]
    leaderboard.write(model.leaderboard, trials)
    chosen = Hyperparameters(estimator="heads", hyperparameters=tried[0] if tried else {}, note="AutoML does not tell.")
    hyperparameters.write(model.hyperparameters, chosen)
    return model


def test_what_the_search_of_a_detector_compared_is_taken_over(tmp_path):
    values, sentence = from_baseline(baseline(tmp_path, Task.OBJECT_DETECTION, QUICK, FIRST), Task.OBJECT_DETECTION)
    assert values == {"learning_rate": 0.006}
    assert sentence == "From the baseline's search: learning_rate 0.006 (the best of 0.003, 0.006)."


def test_of_a_classifier_the_image_size_is(tmp_path):
    tried = [{"image_size": size, "head": "logistic_regression"} for size in (448, 320)]
    found = from_baseline(baseline(tmp_path, Task.IMAGE_CLASSIFICATION, *tried), Task.IMAGE_CLASSIFICATION)
    assert found[0] == {"image_size": 448}


@pytest.mark.parametrize("task", list(TAKEN_OVER))
@pytest.mark.parametrize("tried", [[FIRST], []])
def test_a_search_that_compared_nothing_says_nothing(tmp_path, task, tried):
    values, sentence = from_baseline(baseline(tmp_path, task, *tried), task)
    assert values == {}
    assert "compared no values of" in sentence


def test_of_a_tables_baseline_nothing_is_taken_over(tmp_path):
    tried = [{"learning_rate": 0.1, "max_iter": 100}, {"learning_rate": 0.05, "max_iter": 100}]
    found = from_baseline(baseline(tmp_path, Task.TABULAR_REGRESSION, *tried), Task.TABULAR_REGRESSION)
    assert found == ({}, "Of the baseline's hyperparameters none is a network's (heads).")
    assert from_baseline(None, Task.TABULAR_REGRESSION) == ({}, "There is no baseline's search to start from.")


def test_a_lever_that_the_user_sets_goes_first(tmp_path):
    values, _ = from_baseline(baseline(tmp_path, Task.OBJECT_DETECTION, QUICK, FIRST), Task.OBJECT_DETECTION)
    assert FineTuneConfig().with_defaults(**values).learning_rate == 0.006
    assert FineTuneConfig(learning_rate=0.01).with_defaults(**values).learning_rate == 0.01


def test_the_page_lists_what_is_taken_over():
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    for task, levers in TAKEN_OVER.items():
        words = "object detection" if task is Task.OBJECT_DETECTION else "image classification"
        assert any(row.startswith(f"| {words} | {'; '.join(f'`{lever}`' for lever in levers)}") for row in rows)
