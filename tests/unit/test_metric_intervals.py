"""Bootstrap intervals of the test metrics: right on resamples, wide enough, repeatable, and absent where undefined."""

import math
from pathlib import Path

import numpy as np
import pytest
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Item, Task
from graduate.components.models.bootstrap import affordable_resamples, interval, samples
from graduate.components.models.detection_metrics import DetectionEvaluation
from graduate.components.models.folder import ModelFolder
from graduate.components.models.measured import measure_on_test
from graduate.components.models.metrics import classification_metrics, regression_metrics
from graduate.components.models.resampled_metrics import resampled_classification, resampled_regression
from graduate.components.reports.metrics import with_intervals


def counts(places: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(places, minlength=count).astype(float)


def random_probabilities(rng: np.random.Generator, true: np.ndarray, classes: int) -> np.ndarray:
    """Somewhat right, with equal ones among them; sixteenths, which sum to exactly 1."""
    shares = np.full((len(true), classes), 0.5 / classes)
    shares[np.arange(len(true)), true] += 0.5
    return rng.multinomial(16, shares) / 16


def test_resampled_regression_metrics_are_those_of_the_repeated_rows():
    rng = np.random.default_rng(0)
    truth, values = rng.normal(5, 2, 40), rng.normal(5, 2, 40)
    resampled = resampled_regression(truth, values)
    for places in [np.arange(40), *samples(40, 5, seed=0)]:
        found = resampled(counts(places, 40))
        expected = regression_metrics(truth[places], values[places])
        assert {name: found[name] for name in ("rmse", "mae", "r2")} == pytest.approx(
            {name: expected[name] for name in ("rmse", "mae", "r2")}
        )
        absolute_errors = np.abs(values - truth)[places].sum()
        assert found["wape"] == pytest.approx(absolute_errors / np.abs(truth[places]).sum())


@pytest.mark.parametrize("classes", [2, 4])
def test_resampled_classification_metrics_are_those_of_the_repeated_rows(classes: int):
    rng = np.random.default_rng(classes)
    true = rng.integers(0, classes, 60)
    probabilities = random_probabilities(rng, true, classes)
    resampled, labels = resampled_classification(true, probabilities), [str(code) for code in range(classes)]
    for places in [np.arange(60), *samples(60, 5, seed=0)]:
        expected = classification_metrics([labels[code] for code in true[places]], probabilities[places], labels)
        assert resampled(counts(places, 60)) == pytest.approx(expected)


def test_a_label_that_the_model_has_never_seen_counts_as_it_does_in_the_metrics():
    probabilities = np.array([[0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    found = resampled_classification(np.array([0, 1, 2]), probabilities)(np.ones(3))
    expected = classification_metrics(["a", "b", "new"], probabilities, ["a", "b"])
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_resampled_precision_is_that_of_the_repeated_images():
    rng = np.random.default_rng(0)
    items = [_scene(rng, f"{n}") for n in range(12)]
    predictions = {item.id: _guesses(rng, item) for item in items}
    evaluation = DetectionEvaluation(items, predictions, ["cat", "dog", "emu"])
    for places in samples(12, 5, seed=1):
        copies = [_renamed(items[place], f"copy {n}") for n, place in enumerate(places)]
        answers = {copy.id: predictions[items[place].id] for copy, place in zip(copies, places, strict=True)}
        expected = DetectionEvaluation(copies, answers, ["cat", "dog", "emu"]).metrics()
        assert evaluation.resampled(counts(places, 12)) == pytest.approx(expected, abs=1e-12)


def test_intervals_hold_the_true_value_about_95_times_in_100():
    rng, held = np.random.default_rng(0), 0
    for run in range(200):
        errors = rng.normal(0, 3, 150)
        resampled = resampled_regression(np.zeros(150), errors)
        low, high = interval(resampled(counts(places, 150))["mae"] for places in samples(150, 200, run)) or (0, 0)
        held += low < 3 * math.sqrt(2 / math.pi) < high
    assert 180 <= held <= 198


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others(tmp_path: Path):
    dataset = Dataset.open(people_dataset(tmp_path / "data", {"test": [float(age) for age in range(30)]}))
    answers = {f"test.csv:{n + 2}": {"value": 2 * n + float(n % 3)} for n in range(30)}
    model, found = regressor(tmp_path / "model"), []
    for seed in (1, 1, 2):
        model.seed = seed
        measure_on_test(model, dataset, answers)  # pyright: ignore[reportArgumentType]
        found.append(model.metric_intervals)
    assert found[0] == found[1] != found[2]
    assert set(found[0]) == set(model.metrics)
    assert all(low <= model.metrics[name] <= high for name, (low, high) in found[0].items())


def test_a_single_test_item_has_metrics_and_no_interval(tmp_path: Path):
    dataset = Dataset.open(people_dataset(tmp_path / "data", {"test": [20.0]}))
    model = regressor(tmp_path / "model")
    measure_on_test(model, dataset, {"test.csv:2": {"value": 41.0}})
    assert model.metrics["rmse"] == 1.0
    assert model.metric_intervals == {}


def test_no_image_to_measure_on_is_no_metric_and_no_interval(tmp_path: Path):
    item = an_item(an_image(tmp_path / "a.png"), "a", [Box("cat", 0, 0, 1, 1)])
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"train": [item]}))
    model = detector(tmp_path / "model")
    measure_on_test(model, dataset, {})
    assert (model.metrics, model.metric_intervals) == ({}, {})


def test_resamples_that_leave_a_metric_undefined_are_left_out_and_nothing_reaches_the_file_as_nan(tmp_path: Path):
    # A third of the resamples does not hold the one cat, so they have no area under the curve.
    file = an_image(tmp_path / "a.png")
    items = [an_item(file, f"{n}", labels=["cat" if n == 0 else "dog"]) for n in range(8)]
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"test": items}, Task.IMAGE_CLASSIFICATION))
    model = detector(tmp_path / "model")
    model.task = Task.IMAGE_CLASSIFICATION
    answers = {f"{n}": {"displayNames": ["cat", "dog"], "confidences": [0.9 - n / 10, 0.1 + n / 10]} for n in range(8)}
    measure_on_test(model, dataset, answers)  # pyright: ignore[reportArgumentType]
    assert model.metric_intervals["roc_auc"] == [1.0, 1.0]
    model.save()
    assert ModelFolder.open(model.path).metric_intervals == model.metric_intervals


def test_large_splits_are_resampled_less_often():
    assert affordable_resamples(0) == affordable_resamples(10_000) == 1000
    assert 100 < affordable_resamples(200_000) < 1000
    assert affordable_resamples(10**9) == 100


def test_the_uis_get_the_ends_as_metrics_of_their_own():
    listed = with_intervals({"rmse": 3.0, "mae": 2.0}, {"rmse": [2.5, 3.5]})
    assert listed == {"rmse": 3.0, "rmse_low": 2.5, "rmse_high": 3.5, "mae": 2.0}


def _scene(rng: np.random.Generator, name: str) -> Item:
    boxes = [_box(rng) for _ in range(rng.integers(0, 4))]
    return Item(name, f"/{name}", "import.jsonl:1", "", "test", 200, 100, "", boxes=boxes)


def _renamed(item: Item, name: str) -> Item:
    return Item(name, item.uri, item.source, "", "test", item.width, item.height, "", boxes=item.boxes)


def _box(rng: np.random.Generator) -> Box:
    left, top = rng.uniform(0, 0.6, 2)
    return Box(str(rng.choice(["cat", "dog"])), left, top, left + 0.3, top + 0.3)


def _guesses(rng: np.random.Generator, item: Item) -> dict:
    boxes = [*item.boxes, *(_box(rng) for _ in range(3))]
    boxes = [Box(box.label, box.xmin + rng.uniform(0, 0.1), box.ymin, box.xmax, box.ymax) for box in boxes]
    # Each score is there once, since equal ones have no order.
    scores = np.sort(rng.random(len(boxes)))[::-1].tolist()
    return {
        "displayNames": [box.label for box in boxes],
        "confidences": scores,
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box in boxes],
    }
