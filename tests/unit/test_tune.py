"""The search of fine-tuning's levers: where it starts, what it tries, what it leaves, and that it goes on."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny_tables
from PIL import Image
from test_warm_start import FIRST, QUICK, baseline
from tiny_models import an_item, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Item, Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.settings.read import read_config
from graduate.components.fine_tune.tasks.detection import fine_tune_detector
from graduate.components.fine_tune.tuning import tune as tuning
from graduate.components.fine_tune.tuning.search import make_search
from graduate.components.fine_tune.tuning.space import Range, read_space
from graduate.components.fine_tune.tuning.study import Objective
from graduate.components.fine_tune.tuning.trial import WithoutTest, train_trial
from graduate.components.fine_tune.tuning.tune import tune
from graduate.components.models import leaderboard
from graduate.components.models.backbones import compact_backbone
from graduate.components.models.folder import ModelFolder

SIZES = {"train": 80, "validation": 20, "test": 20}
SPACE = "learning_rate: {low: 1e-4, high: 1e-2, log: true}\nbatch_size: [8, 16, 32]\n"
OWN = """
import numpy as np
HIGHER_IS_BETTER = {"share_right": True}
BEST_WEIGHTS_BY = "share_right"
def metrics(targets, outputs):
    return {"share_right": float(np.mean(np.argmax(outputs["logits"], axis=1) == targets))}
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    return tiny_tables.visitors(folder / "data", Task.TABULAR_CLASSIFICATION, SIZES).path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[FineTuneConfig]:
    """The levers of each trial, which is no training: the loss is the distance of the rate from 3e-3."""
    seen: list[FineTuneConfig] = []

    def train(dataset, baseline, levers: FineTuneConfig, objective, place) -> float:
        seen.append(levers)
        return abs(math.log10((levers.learning_rate or 0) / 3e-3))

    monkeypatch.setattr(tuning, "train_trial", train)
    return seen


def space_file(folder: Path, text: str = SPACE) -> str:
    (folder / "space.yaml").write_text(text)
    return str(folder / "space.yaml")


def searched(table: Path, folder: Path, **given: Any) -> list[leaderboard.Trial]:
    tune(table, folder / "tuned", folder / "page.html", **given)
    return leaderboard.read(folder / "tuned" / "trials.json")


def test_trials_are_trained_and_the_best_is_what_fine_tune_takes(table, tmp_path):
    board = searched(table, tmp_path, trials=2, train_steps=6, study_dir=str(tmp_path / "study"))
    values = [trial.validation["validation_loss"] for trial in board]
    assert values == sorted(values)
    assert values[0] != values[1]
    config, _ = read_config(str(tmp_path / "tuned" / "config.yaml"))
    assert config.learning_rate == board[0].hyperparameters["learning_rate"]
    assert config.num_steps is None
    page = (tmp_path / "page.html").read_text()
    assert "<script" not in page
    assert page.count('class="best"') == 1 + len(board[0].hyperparameters)
    assert [path.name for path in (tmp_path / "study").iterdir() if path.is_dir()] == []


def test_no_trial_sees_the_test_split(table, monkeypatch):
    opened, file = [], Dataset._file
    monkeypatch.setattr(Dataset, "_file", lambda self, split: opened.append(split) or file(self, split))
    data = WithoutTest.open(table)
    assert data.table("test").equals(data.table("validation"))
    assert train_trial(data, None, FineTuneConfig(num_steps=2), Objective("validation_loss", False), "") > 0
    assert set(opened) == {"train", "validation"}


def test_a_validation_that_gave_no_number_judges_no_trial(table, tmp_path):
    (tmp_path / "own.py").write_text(OWN.replace("float(np.mean(", "float('nan' if True else np.mean("))
    levers = FineTuneConfig(module=str(tmp_path / "own.py"), num_steps=2)
    with pytest.raises(InputError, match="share_right is not a number in any validation"):
        train_trial(WithoutTest.open(table), None, levers, Objective("share_right", True), "")


def test_a_module_of_your_own_can_say_what_trials_are_judged_by(table, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    module = FineTuneConfig(module=str(tmp_path / "own.py"))
    assert make_search(table, "", module, "").objective == Objective("share_right", higher_is_better=True)
    value = train_trial(
        WithoutTest.open(table), None, module.with_values(num_steps=2), Objective("share_right", True), ""
    )
    assert 0 <= value <= 1


def test_the_search_starts_from_the_defaults_and_from_your_levers(table, tmp_path, trained):
    searched(table, tmp_path, trials=1)
    (tmp_path / "levers.yaml").write_text("learning_rate: 2e-3\nmomentum: 0.5\n")
    searched(table, tmp_path, trials=1, config=str(tmp_path / "levers.yaml"))
    assert [levers.learning_rate for levers in trained] == [1e-3, 2e-3]
    assert trained[1].momentum == 0.5


def pages_of(folder: Path, task: Task) -> Path:
    """Two pages a split, a black one and one of a colour, on which an object takes a tenth of the height and width."""
    items: dict[str, list[Item]] = {}
    for number, split in enumerate(SIZES):
        items[split] = []
        for label in ("black", "colour"):
            path = folder / f"{split}-{label}.png"
            Image.new("RGB", (40, 40), (90 * number, 9, 99) if label == "colour" else (number, 0, 0)).save(path)
            boxes = [Box(label, 0.5, 0.5, 0.6, 0.6)] if task is Task.OBJECT_DETECTION else []
            items[split].append(an_item(path, path.name, boxes, [] if boxes else [label]))
    return image_dataset(folder / "pages", items, task)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return pages_of(tmp_path, Task.OBJECT_DETECTION)


@pytest.fixture
def found(tmp_path: Path) -> ModelFolder:
    """A baseline that compared learning rates."""
    model = baseline(tmp_path / "baseline", Task.OBJECT_DETECTION, QUICK, FIRST)
    model.save()
    return model


@pytest.fixture
def backbone(tmp_path: Path) -> str:
    """A file of weights."""
    compact_backbone().save_weights(tmp_path / "compact.weights.h5")
    return str(tmp_path / "compact.weights.h5")


def test_the_search_starts_from_what_the_baseline_found_and_then_from_the_defaults(pages, found, backbone, tmp_path):
    search = make_search(pages, found.path, FineTuneConfig(fine_tune_checkpoint=backbone), "")
    assert [start["learning_rate"] for start in search.starts] == [QUICK["learning_rate"], 3e-3]
    # The backbone's own rate is the same for both.
    assert [start["backbone_learning_rate_factor"] for start in search.starts] == pytest.approx([0.15, 0.3])
    assert list(search.space) == ["learning_rate", "weight_decay", "backbone_learning_rate_factor"]
    assert search.objective == Objective("ap", higher_is_better=True)
    assert "learning_rate 0.006" in search.warm_start
    narrow = space_file(tmp_path, "learning_rate: [2e-3, 6e-3]\noptimizer: [sgd, adamw]\n")
    starts = make_search(pages, found.path, FineTuneConfig(), narrow).starts
    assert starts == [{"learning_rate": 0.006, "optimizer": "adamw"}, {"optimizer": "adamw"}]


def test_the_first_trial_is_the_training_that_there_would_be_without_a_search(pages, found, backbone, tmp_path):
    levers = FineTuneConfig(fine_tune_checkpoint=backbone, num_steps=2, batch_size=2)
    of_all = (
        "learning_rate: {low: 1e-5, high: 1}\nbackbone_learning_rate_factor: {low: 0.01, high: 1}\n"
        "image_size: {low: 32, high: 999}\nwarmup_steps: [1, 2]\nfreeze_batch_norm: [true, false]\n"
    )
    search = make_search(pages, found.path, levers, space_file(tmp_path, of_all))
    assert search.starts[0]["image_size"] > 256, "the objects are small"
    model = fine_tune_detector(search.dataset, found, tmp_path / "model", levers, "", "")
    trained, _ = read_config(str(model.config))
    assert {name: getattr(trained, name) for name in search.space} == search.starts[0]
    assert model.parameters["warm_start"] == search.warm_start


def test_the_search_for_a_classifier_starts_at_the_image_size_that_the_baseline_found(backbone, tmp_path):
    images = pages_of(tmp_path, Task.IMAGE_CLASSIFICATION)
    found = baseline(tmp_path / "baseline", Task.IMAGE_CLASSIFICATION, {"image_size": 448}, {"image_size": 320})
    found.save()
    sizes = space_file(tmp_path, "image_size: {low: 32, high: 999}\nlearning_rate: {low: 1e-4, high: 1}\n")
    search = make_search(images, found.path, FineTuneConfig(fine_tune_checkpoint=backbone), sizes)
    assert list(search.starts) == [{"image_size": size, "learning_rate": 1e-3} for size in (448, 256)]


def test_a_search_learns_from_its_trials_and_repeats_itself(table, tmp_path, trained):
    space = space_file(tmp_path)
    board = searched(table, tmp_path, trials=12, search_space=space, seed=1)
    assert min(trial.validation["validation_loss"] for trial in board) < 0.1
    again = searched(table, tmp_path / "again", trials=12, search_space=space, seed=1)
    assert [trial.hyperparameters for trial in again] == [trial.hyperparameters for trial in board]


def test_a_killed_search_goes_on_as_if_it_had_not_been(table, tmp_path, trained, monkeypatch):
    space, places, train = space_file(tmp_path), [], tuning.train_trial

    def killed(dataset, baseline, levers, objective, place) -> float:
        places.append(place)
        if len(places) == 3:
            raise SystemExit(143)
        return train(dataset, baseline, levers, objective, place)

    whole = searched(table, tmp_path / "whole", trials=6, search_space=space)
    trained.clear()
    monkeypatch.setattr(tuning, "train_trial", killed)
    given = {"trials": 6, "search_space": space, "study_dir": str(tmp_path / "study")}
    with pytest.raises(SystemExit):
        searched(table, tmp_path / "killed", **given)
    board = searched(table, tmp_path / "killed", **given)
    assert [trial.hyperparameters for trial in board] == [trial.hyperparameters for trial in whole]
    assert len(trained) == 6
    assert places[2] == places[3]


def test_a_failed_trial_counts_and_says_why(table, tmp_path, monkeypatch):
    calls: list[int] = []

    def fails_at_first(*_: Any) -> float:
        calls.append(1)
        if len(calls) == 1:
            raise InputError("the loss is not a number at step 3")
        return 0.5

    monkeypatch.setattr(tuning, "train_trial", fails_at_first)
    board = searched(table, tmp_path, trials=3)
    assert len(calls) == 3
    assert board[-1].name == "trial 1, failed: the loss is not a number at step 3"
    assert not board[-1].validation
    assert "the loss is not a number" in (tmp_path / "page.html").read_text()
    calls.clear()
    with pytest.raises(InputError, match="all 1 trials failed; the first: the loss is not a number"):
        searched(table, tmp_path / "all", trials=1)
    assert not (tmp_path / "all" / "tuned").exists()


def test_another_space_is_another_study_of_the_same_folder(table, tmp_path, trained):
    study = str(tmp_path / "study")
    searched(table, tmp_path, trials=2, study_dir=study)
    searched(table, tmp_path, trials=2, study_dir=study)
    assert len(trained) == 2
    searched(table, tmp_path, trials=2, study_dir=study, search_space=space_file(tmp_path))
    assert len(trained) == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "learning_rat: [1e-3, 1e-2]",
            "line 1: learning_rat is no lever that can be searched: did you mean",
        ),
        ("seed: [1, 2]", "seed is no lever that can be searched"),
        ("learning_rate: {low: 1e-2, high: 1e-3}", "low should be below high"),
        ("learning_rate: {low: 0, high: 1, log: true}", "which should be above 0"),
        (
            "\nlearning_rate: {low: 1e-3, high: 20}",
            "line 2: learning_rate is 20.0, but should be less than",
        ),
        ("learning_rate: {low: 1e-4, hihg: 1e-2}", "high is missing; there is no lever hihg: did you mean high"),
        ("batch_size: {low: 1.5, high: 3}", "batch_size takes whole numbers"),
        ("optimizer: [adamw, lion]", "optimizer is 'lion', but should be"),
        ("batch_size: [8]", "a list of two or more different values"),
        ("warmup_steps: [5, 500]", "warmup_steps is 500, but should be at most num_steps, 100"),
        ("", "there is no lever to search"),
    ],
)
def test_a_bad_space_is_refused_with_a_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        read_space(space_file(tmp_path, text), FineTuneConfig(num_steps=100))
    assert "\n" not in str(caught.value)


def test_a_space_is_read_as_it_is_written(tmp_path):
    space = read_space(space_file(tmp_path), FineTuneConfig())
    assert space == {"learning_rate": Range(low=1e-4, high=1e-2, log=True), "batch_size": (8, 16, 32)}


def test_a_lever_of_images_is_refused_for_a_table_before_anything_is_trained(table, tmp_path, trained):
    with pytest.raises(InputError, match="freeze_batch_norm is a lever for images"):
        searched(table, tmp_path, search_space=space_file(tmp_path, "freeze_batch_norm: [true, false]"))
    assert not trained


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"trials": 0}, "trials is 0"),
        ({"engine": "cloud"}, "engine is 'cloud': use local or vertex"),
        ({"engine": "vertex"}, "needs vertex_project"),
        ({"study_dir": "gs://bucket/study"}, "a folder of this machine"),
        ({"time_limit": -1}, "time_limit is -1"),
    ],
)
def test_bad_settings_are_refused(table, tmp_path, given, sentence):
    with pytest.raises(InputError, match=sentence):
        tune(table, tmp_path / "tuned", tmp_path / "page.html", **given)


def test_a_changed_module_begins_another_study(table, tmp_path, trained):
    for text in (OWN, f"{OWN}# changed"):
        (tmp_path / "own.py").write_text(text)
        searched(table, tmp_path, trials=1, module=str(tmp_path / "own.py"), study_dir=str(tmp_path / "study"))
    assert len(trained) == 2


def test_no_trial_is_begun_when_the_time_is_up(table, tmp_path, trained, monkeypatch):
    ticks = iter(range(0, 1000, 40))
    clock = SimpleNamespace(monotonic=lambda: next(ticks), process_time=lambda: 0.0)
    monkeypatch.setattr(tuning, "time", clock)
    assert len(searched(table, tmp_path, trials=9, time_limit=60)) == 2
