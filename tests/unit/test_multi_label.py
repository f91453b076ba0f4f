"""Images with several labels, through all rooms."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import average_precision_score, f1_score
from tiny_models import an_image, an_item, image_dataset
from tiny_multi_label import COUNTS, pages

from graduate.components.automl_baseline.train import confusion_on_test, train_baseline
from graduate.components.batch_predict.predict import predict
from graduate.components.data.dataset import Dataset
from graduate.components.data.images import decode, read_image
from graduate.components.data.items import Task
from graduate.components.data_quality_gate.judge import judge
from graduate.components.errors import InputError
from graduate.components.evaluate.compare import compare
from graduate.components.fine_tune.train import fine_tune
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models import predictions
from graduate.components.models.bootstrap import samples
from graduate.components.models.folder import ModelFolder
from graduate.components.models.metrics import default_metric, measure, truths
from graduate.components.models.multi_label_metrics import (
    f1_per_item,
    matrices,
    multi_label_metrics,
    resampled_multi_label,
)
from graduate.components.models.predictions import predicted_labels
from graduate.components.onnx_convert.convert import convert

LEVERS = "image_size: 64\nnum_steps: 60\nbatch_size: 8\n"


@dataclass
class World:
    """Pages with several labels, imported, and the baseline of them."""

    folder: Path
    data: Dataset
    baseline: ModelFolder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("several")
    read_dataset(str(pages(folder / "pages")), Task.IMAGE_CLASSIFICATION, folder / "data")
    baseline = train_baseline(folder / "data", folder / "baseline", folder / "baseline.html")
    return World(folder, Dataset.open(folder / "data"), baseline)


@pytest.fixture(scope="module")
def custom(world: World) -> ModelFolder:
    levers = world.folder / "levers.yaml"
    levers.write_text(LEVERS)
    return fine_tune(world.data.path, world.folder / "custom", world.folder / "custom.html", config=str(levers))


def answers(model: ModelFolder, split: str) -> dict[str, Any]:
    """The model's own predictions by item id."""
    return dict(predictions.read(model.predictions(split)))


def random_answers(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels that 40 items have, the last one no item, and probabilities with equal ones among them."""
    rng = np.random.default_rng(seed)
    given = rng.random((40, 4)) < (0.5, 0.3, 0.1, 0.0)
    given[~given.any(axis=1), 0] = True
    return given, np.round(np.clip(0.6 * given + rng.random((40, 4)) * 0.6, 0, 1), 1)


def test_metrics_are_scikit_learn_s_over_the_labels_that_can_be_measured():
    given, probabilities = random_answers(0)
    found = multi_label_metrics(given, probabilities)
    precisions = [average_precision_score(given[:, label], probabilities[:, label]) for label in range(3)]
    assert found["map"] == pytest.approx(np.mean(precisions))
    assert found["micro_f1"] == pytest.approx(f1_score(given.ravel(), probabilities.ravel() >= 0.5))


def test_resampled_metrics_are_those_of_the_repeated_items():
    given, probabilities = random_answers(1)
    resampled = resampled_multi_label(given, probabilities)
    for places in [np.arange(40), *samples(40, 20, seed=0)]:
        counts = np.bincount(places, minlength=40).astype(float)
        assert resampled(counts) == pytest.approx(multi_label_metrics(given[places], probabilities[places]))


def test_a_true_label_that_the_model_does_not_know_counts_as_missed():
    truth = {"1": ("a", "new"), "2": ("b",)}
    answered: dict[str, Any] = {
        "1": {"displayNames": ["a", "b"], "confidences": [0.9, 0.2]},
        "2": {"displayNames": ["b", "a"], "confidences": [0.8, 0.1]},
    }
    found = measure(Task.IMAGE_CLASSIFICATION, ["a", "b"], truth, answered.items())
    assert found["micro_f1"] == pytest.approx(4 / 5)
    assert found["map"] == pytest.approx((1 + 1 + 0.5) / 3)  # of the unknown one the share of items that have it
    given, probabilities = matrices(["a", "b"], truth, answered)
    assert f1_per_item(given, probabilities).tolist() == pytest.approx([2 / 3, 1])
    assert predicted_labels(answered["1"]) == ["a"]


def test_a_data_set_is_of_several_labels_when_an_image_has_two(tmp_path: Path):
    file = an_image(tmp_path / "a.png")
    one, none = an_item(file, "one", labels=["cat"]), an_item(file, "none")
    two = an_item(file, "two", labels=["cat", "dog"])
    single = Dataset.open(image_dataset(tmp_path / "single", {"test": [one, none]}, Task.IMAGE_CLASSIFICATION))
    several = Dataset.open(image_dataset(tmp_path / "several", {"test": [one, two, none]}, Task.IMAGE_CLASSIFICATION))
    assert (single.is_multi_label, default_metric(single)) == (False, "accuracy")
    assert (several.is_multi_label, default_metric(several)) == (True, "map")
    assert truths(single, "test") == {"one": "cat"}
    assert truths(several, "test") == {"one": ("cat",), "two": ("cat", "dog")}


def test_a_data_set_of_an_earlier_version_has_one_label(world: World, tmp_path: Path):
    summary = {name: value for name, value in world.data.summary.items() if name != "multi_label"}
    assert world.data.is_multi_label
    assert not Dataset(tmp_path, summary).is_multi_label


def test_the_baseline_judges_each_label_by_itself(world: World):
    model = ModelFolder.open(world.baseline.path)
    assert model.is_multi_label
    assert model.metrics["map"] > 0.9
    assert set(model.metric_intervals) == set(model.metrics) == {"map", "macro_f1", "micro_f1"}
    for split, count in zip(("train", "validation", "test"), COUNTS.values(), strict=True):
        found = answers(model, split)
        assert len(found) == count
        assert all(len(answer["displayNames"]) == 3 for answer in found.values())
    assert confusion_on_test(world.data.path, model) is None
    assert not model.label_probabilities.exists()


def test_a_label_without_a_training_image_is_never_predicted_and_one_that_all_have_always(world: World, tmp_path: Path):
    def changed(split: str) -> Iterator[Any]:
        for item in world.data.items(split):
            new = ["never"] if split == "test" else []
            yield replace(item, labels=[*item.labels, "page", *new] if item.labels else [])

    items = {split: list(changed(split)) for split in ("train", "validation", "test")}
    image_dataset(tmp_path / "data", items, Task.IMAGE_CLASSIFICATION)
    model = train_baseline(tmp_path / "data", tmp_path / "model", tmp_path / "page.html")
    for answer in answers(model, "test").values():
        found = dict(zip(answer["displayNames"], answer["confidences"], strict=True))
        assert found["never"] < 1e-6
        assert found["page"] > 1 - 1e-6


def test_the_gate_places_the_baseline_and_says_what_it_cannot_judge(world: World, tmp_path: Path):
    paths = str(world.data.path), str(world.baseline.path), str(tmp_path / "verdict"), str(tmp_path / "page.html")
    verdict = judge(*paths, accept="split_overlap,too_few_per_label", target_value=0.9)
    assert verdict.standing is not None
    assert (verdict.standing.metric, verdict.decision) == ("map", "deploy_baseline")
    assert 0.3 < verdict.standing.naive < 0.8
    (not_judged,) = (each for each in verdict.not_judged if each.rule == "wrong_label")
    assert "several labels" in not_judged.reason
    with pytest.raises(
        InputError, match="'accuracy' is not among the baseline's metrics: it has macro_f1, map, micro_f1"
    ):
        judge(*paths, target_metric="accuracy")


def test_the_custom_model_answers_with_a_probability_of_its_own_for_each_label(world: World, custom: ModelFolder):
    assert custom.is_multi_label
    serving = tf.saved_model.load(str(custom.saved_model)).signatures["serving_default"]  # pyright: ignore[reportAttributeAccessIssue]
    item = next(world.data.items("test"))
    answer = serving(image_tensor=tf.constant(decode(read_image(item))[None]))["probabilities"].numpy()[0]
    said = answers(custom, "test")[item.id]
    expected = dict(zip(world.data.labels, answer.tolist(), strict=True))
    assert dict(zip(said["displayNames"], said["confidences"], strict=True)) == pytest.approx(expected)
    assert said["confidences"] == sorted(said["confidences"], reverse=True)
    assert custom.metrics["map"] > 0.7


def test_both_models_are_compared_by_average_precision_on_the_same_images(
    world: World, custom: ModelFolder, tmp_path: Path
):
    page = tmp_path / "page.html"
    found = compare(str(world.data.path), str(world.baseline.path), str(custom.path), str(tmp_path / "out"), str(page))
    assert found["metric"] == "map"
    assert set(found["custom"]["per_label"]) == {"blue", "green", "red"}
    assert "confusion" not in found["custom"]
    assert found["difference"]["low"] <= found["difference"]["value"] <= found["difference"]["high"]
    assert "true blue + " in page.read_text() or "true green + " in page.read_text()


def test_the_onnx_file_is_proven_and_predicts_several_labels(world: World, custom: ModelFolder, tmp_path: Path):
    certificate = convert(custom.path, tmp_path / "onnx", world.data.path, tmp_path / "proof", tmp_path / "proof.html")
    assert (certificate["proven"], certificate["metric"]) == (True, "map")
    summary = predict(str(tmp_path / "onnx"), str(world.data.path), str(tmp_path / "out"), workers=1)
    assert (summary["results"], summary["errors"]) == (sum(COUNTS.values()), 0)
    lines = [json.loads(line) for file in (tmp_path / "out").glob("prediction.results*") for line in file.open()]
    assert any(len(predicted_labels(line["prediction"])) > 1 for line in lines)
    assert "an item may have several" in (tmp_path / "out" / "page.html").read_text()
