"""The image baselines and fine-tuning, on a handful of pictures and for a few steps."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw
from tiny_models import an_item, image_dataset

from graduate.components.automl_baseline.images import detection as baseline_detection
from graduate.components.automl_baseline.images.classification import train_classification_baseline
from graduate.components.automl_baseline.images.detection import train_detection_baseline
from graduate.components.automl_baseline.images.labels import HeadKind, out_of_fold
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.train import fine_tune
from graduate.components.models import history, hyperparameters, label_probabilities, leaderboard, predictions
from graduate.components.models.folder import ModelFolder

COLOURS = {"red": (220, 30, 30), "blue": (30, 30, 220)}
COUNTS = {"train": 12, "validation": 2, "test": 4}


def pictures(folder, task):
    """A square of one of two colours at a random place of a grey page."""
    rng = np.random.default_rng(0)
    items = {split: [] for split in COUNTS}
    for split, count in COUNTS.items():
        for number in range(count):
            label = list(COLOURS)[number % 2]
            x, y = rng.integers(0, 50, 2)
            picture = Image.new("RGB", (96, 80), (200, 200, 200))
            ImageDraw.Draw(picture).rectangle((x, y, x + 28, y + 28), COLOURS[label])
            path = folder / f"{split}-{number}.png"
            folder.mkdir(parents=True, exist_ok=True)
            picture.save(path)
            box = Box(label, x / 96, y / 80, (x + 29) / 96, (y + 29) / 80)
            is_detection = task is Task.OBJECT_DETECTION
            item = an_item(path, path.name, [box] if is_detection else [], [] if is_detection else [label])
            items[split].append(item)
    return Dataset.open(image_dataset(folder / "dataset", items, task))


@pytest.fixture(scope="module")
def detection(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("detection"), Task.OBJECT_DETECTION)


@pytest.fixture(scope="module")
def classification(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("classification"), Task.IMAGE_CLASSIFICATION)


def agrees_with_its_saved_model(model, dataset):
    """Whether the predictions of the test split in the folder are what the SavedModel answers."""
    from graduate.components.models.image_predictions import predict_images

    serving = tf.saved_model.load(str(model.saved_model)).signatures["serving_default"]
    call = lambda images: serving(image_tensor=images)  # noqa: E731
    again = dict(predict_images(call, model.task, model.labels, dataset.items("test")))
    return again == dict(predictions.read(model.predictions("test")))


def test_the_detection_baseline_predicts_every_item_and_judges_every_box(tmp_path, detection, monkeypatch):
    monkeypatch.setattr(baseline_detection, "FEWEST_STEPS", 2)
    model = train_detection_baseline(detection, tmp_path / "model", "fast", "", seed=0)
    assert ModelFolder.open(tmp_path / "model") == replace(model, path=tmp_path / "model")
    for split, count in COUNTS.items():
        assert [key for key, _ in predictions.read(model.predictions(split))] == [i.id for i in detection.items(split)]
        assert len(list(detection.items(split))) == count
    rows = label_probabilities.read(model.label_probabilities)
    assert len(rows.ids) == sum(COUNTS.values())
    np.testing.assert_allclose(rows.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert set(model.metrics) == {"ap", "ap50", "ap75"}
    assert "from nothing" in model.pretrained


def test_the_detection_baseline_does_without_a_validation_split_and_without_a_box_to_measure_on(
    tmp_path, detection, monkeypatch
):
    monkeypatch.setattr(baseline_detection, "FEWEST_STEPS", 2)
    train = list(detection.items("train"))
    train[1].boxes.clear()
    items = {"train": train[:2], "validation": [], "test": [replace(train[3], boxes=[])]}
    lonely = Dataset.open(image_dataset(tmp_path / "dataset", items))
    model = train_detection_baseline(lonely, tmp_path / "model", "standard", "", seed=0, time_limit=1e-9)
    assert model.metrics == {}
    assert len(list(predictions.read(model.predictions("train")))) == 2
    (trial,) = leaderboard.read(model.leaderboard)
    assert trial.chosen
    assert "time limit" in model.parameters["stopped"]
    chosen = hyperparameters.read(model.hyperparameters)
    assert chosen is not None
    assert {"image_size", "learning_rate", "steps", "channels"} <= chosen.hyperparameters.keys()
    assert dict(model.input)["height"] == chosen.hyperparameters["image_size"]


def test_a_detection_baseline_without_anything_to_learn_from_is_refused(tmp_path, detection):
    items = {"train": [replace(item, boxes=[]) for item in detection.items("train")], "validation": [], "test": []}
    boxless = Dataset.open(image_dataset(tmp_path / "dataset", items))
    with pytest.raises(InputError, match="no usable box"):
        train_detection_baseline(boxless, tmp_path / "model", "fast", "", seed=0)
    items["train"] = list(detection.items("train"))[:1]
    single = Dataset.open(image_dataset(tmp_path / "single", items))
    with pytest.raises(InputError, match="fewer than 2 different images"):
        train_detection_baseline(single, tmp_path / "model", "fast", "", seed=0)


def test_the_classification_baseline_tells_two_colours_apart_and_exports_what_it_measured(tmp_path, classification):
    model = train_classification_baseline(classification, tmp_path / "model", "standard", "", seed=0)
    assert model.metrics["accuracy"] == 1.0
    rows = label_probabilities.read(model.label_probabilities)
    believed = [model.labels[place] for place in rows.probabilities.argmax(axis=1)]
    assert believed == rows.labels
    serving = tf.saved_model.load(str(model.saved_model)).signatures["serving_default"]
    item = next(classification.items("test"))
    answer = serving(image_tensor=tf.constant(np.asarray(Image.open(item.uri).convert("RGB"))[None]))
    top = model.labels[int(np.argmax(answer["probabilities"]))]
    assert top == item.labels[0]
    trials = leaderboard.read(model.leaderboard)
    assert [trial.hyperparameters["image_size"] for trial in trials].count(192) == len(trials) / 2 > 1
    losses = [trial.validation["log_loss"] for trial in trials]
    assert losses == sorted(losses)
    assert trials[0].hyperparameters.items() <= model.parameters.items()


def test_the_classification_baseline_takes_odd_pictures_and_labels_of_one_picture(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    items = {"train": [], "validation": [], "test": []}
    odd = [("RGB", (40, 30), "a"), ("L", (1, 1), "b"), ("CMYK", (50, 9), "b"), ("I;16", (20, 20), "b")]
    for number, (mode, size, label) in enumerate(odd):
        path = folder / f"{number}.tif"
        Image.new(mode, size).save(path)
        items["train"].append(an_item(path, path.name, labels=[label]))
    items["test"] = [replace(items["train"][0], labels=["never seen"])]
    dataset = Dataset.open(image_dataset(tmp_path / "dataset", items, Task.IMAGE_CLASSIFICATION))
    model = train_classification_baseline(dataset, tmp_path / "model", "fast", "", seed=0)
    assert model.metrics["accuracy"] == 0
    assert len(label_probabilities.read(model.label_probabilities).ids) == 5
    assert [trial.validation.keys() for trial in leaderboard.read(model.leaderboard)] == [{"accuracy", "log_loss"}]


def test_fine_tuning_a_detector_writes_what_its_saved_model_answers(tmp_path, detection):
    model = fine_tune(detection.path, tmp_path / "model", tmp_path / "page.html", train_steps=2)
    assert agrees_with_its_saved_model(model, detection)
    assert set(history.read(model.path)) >= {"classification", "localisation", "learning_rate"}
    assert "<polyline" in (tmp_path / "page.html").read_text()


def test_a_negative_number_of_steps_is_refused(tmp_path, detection):
    with pytest.raises(InputError, match="train_steps is -1"):
        fine_tune(detection.path, tmp_path / "model", tmp_path / "page.html", train_steps=-1)


def test_what_would_end_fine_tuning_at_its_end_ends_it_at_its_start(tmp_path, detection):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"the folder .*file cannot be made"):
        fine_tune(detection.path, tmp_path / "file", tmp_path / "page.html")
    place = str(tmp_path / "file" / "checkpoints")
    with pytest.raises(InputError, match=r"the folder .*checkpoints cannot be made"):
        fine_tune(detection.path, tmp_path / "model", tmp_path / "page.html", checkpoint_dir=place)
    with pytest.raises(InputError, match=r"the page .* is a folder"):
        fine_tune(detection.path, tmp_path / "model", tmp_path)
    gone = [replace(item, uri=str(tmp_path / "gone.png")) for item in detection.items("test")]
    items = {"train": list(detection.items("train")), "validation": [], "test": gone}
    dataset = image_dataset(tmp_path / "dataset", items, detection.task)
    with pytest.raises(InputError, match=r"gone.png .*cannot be read any more"):
        fine_tune(dataset, tmp_path / "model", tmp_path / "page.html", train_steps=2)
    assert not list((tmp_path / "model").iterdir())


@pytest.mark.parametrize("kind", [HeadKind(), HeadKind("linear_discriminant_analysis")])
def test_out_of_fold_probabilities_come_from_other_groups(kind):
    rng = np.random.default_rng(0)
    labels = np.array([0, 1] * 20)
    groups = np.repeat(np.arange(20), 2)
    features = rng.normal(size=(40, 3)) + labels[:, None] * 6
    probabilities = out_of_fold(features, labels, groups, num_classes=3, seed=0, kind=kind)
    assert (probabilities.argmax(axis=1) == labels).all()
    assert (probabilities[:, 2] == 0).all()
    # With one group there is nothing to hold out.
    assert (out_of_fold(features, labels, np.zeros(40), 3, seed=0) == np.float32(1 / 3)).all()
