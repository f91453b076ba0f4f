"""Fine-tuning of image classifiers: levers, freezing, own modules, and what is said of data that cannot be used."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tiny_models import an_item, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Item, Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.restore import variables
from graduate.components.fine_tune.settings.config import Augmentation, FineTuneConfig
from graduate.components.fine_tune.tasks import classification
from graduate.components.fine_tune.tasks.classification import fine_tune_classifier
from graduate.components.fine_tune.tasks.classification_learner import targets_of
from graduate.components.models import history, predictions
from graduate.components.models.backbones import compact_backbone
from graduate.components.models.folder import ModelFolder
from graduate.components.models.image_predictions import predict_images

COLOURS = {"blue": (30, 30, 220), "red": (220, 30, 30)}
COUNTS = {"train": 12, "validation": 4, "test": 4}
FEW = FineTuneConfig(num_steps=3, batch_size=4, image_size=32)

OWN_HEAD = """
import keras
import tensorflow as tf

LOSS_WEIGHTS = {"size": 0.1}
HIGHER_IS_BETTER = {"blues": True}

def build_head(features, num_outputs):
    hidden = keras.layers.Dense(4, activation="relu")(features)
    return {"logits": keras.layers.Dense(num_outputs)(hidden), "hidden": hidden}

def losses(outputs, targets):
    errors = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs["logits"])
    return {"own": errors, "size": tf.reduce_mean(outputs["hidden"] ** 2, -1)}

def augment(images, targets, draws):
    return tf.where(draws[:, 0, None, None, None] < 0.5, images, 255 - images), targets

def metrics(targets, outputs):
    return {"blues": float((outputs["logits"].argmax(axis=1) == 0).mean())}
"""
OWN_MODEL = """
import keras

def build_model(num_outputs, image_size):
    images = keras.Input((image_size, image_size, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    return keras.Model(images, keras.layers.Dense(num_outputs)(pooled))
"""


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Item]]:
    """Pages of one of two colours, a little different each."""
    folder, found = tmp_path_factory.mktemp("pages"), {}
    for split, count in COUNTS.items():
        found[split] = []
        for number in range(count):
            label = list(COLOURS)[number % 2]
            path = folder / f"{split}-{number}.png"
            Image.new("RGB", (40 + number, 32), tuple(shade + number for shade in COLOURS[label])).save(path)
            found[split].append(an_item(path, path.name, labels=[label]))
    return found


@pytest.fixture(scope="module")
def data(items: dict[str, list[Item]], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return dataset(tmp_path_factory.mktemp("data"), items)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of weights of the compact backbone."""
    keras.utils.set_random_seed(1)
    file = tmp_path_factory.mktemp("weights") / "compact.weights.h5"
    compact_backbone().save_weights(file)
    return str(file)


def dataset(folder: Path, items: dict[str, list[Item]]) -> Dataset:
    return Dataset.open(image_dataset(folder, items, Task.IMAGE_CLASSIFICATION))


def tuned(data: Dataset, output: Path, **levers: Any) -> ModelFolder:
    return fine_tune_classifier(data, None, output, FEW.with_values(**levers), "", "")


def trained_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], keras.Model]:
    """The network that the next training gives."""
    kept: list[keras.Model] = []
    build = classification.classifiers.build

    def remember(*arguments: Any) -> Any:
        built = build(*arguments)
        kept.append(built.network)
        return built

    monkeypatch.setattr(classification.classifiers, "build", remember)
    return lambda: kept[-1]


def test_the_folder_holds_what_the_saved_model_answers_and_how_it_was_trained(data: Dataset, tmp_path: Path):
    model = tuned(data, tmp_path / "model")
    assert ModelFolder.open(model.path) == replace(model, path=tmp_path / "model")
    assert set(model.metrics) >= {"accuracy", "log_loss", "macro_f1"}
    serving = tf.saved_model.load(str(model.saved_model)).signatures["serving_default"]  # pyright: ignore[reportAttributeAccessIssue]
    call = lambda images: serving(image_tensor=images)  # noqa: E731
    again = dict(predict_images(call, model.task, model.labels, data.items("test")))
    assert again == dict(predictions.read(model.predictions("test")))
    assert {"cross_entropy", "learning_rate", "validation_log_loss", "validation_accuracy"} <= set(
        history.read(model.path)
    )
    assert model.config.is_file()
    assert {row.learning for row in variables.read(model.variables)} == {"always"}
    assert model.parameters["steps"] == 3


def test_a_frozen_backbone_keeps_every_bit_and_the_head_learns(
    data: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    network = trained_network(monkeypatch)
    model = tuned(data, tmp_path / "model", fine_tune_checkpoint=checkpoint, unfreeze_at_step=3, learning_rate=0.1)
    before = compact_backbone()
    before.load_weights(checkpoint)
    after = {variable.path: variable.numpy() for variable in network().variables}
    for variable in before.variables:
        assert np.array_equal(variable.numpy(), after[variable.path]), variable.path
    learning = {row.name: row.learning for row in variables.read(model.variables)}
    assert {name for name, since in learning.items() if since != "frozen"} == {"logits/kernel", "logits/bias"}
    assert np.abs(after["logits/bias"]).max() > 0
    assert model.pretrained.startswith("Backbone compact with the weights of")


def test_a_backbone_is_thawed_from_a_layer_on_and_its_batch_norms_stay_as_they_are(
    data: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    network = trained_network(monkeypatch)
    names = [layer.name for layer in compact_backbone().layers if isinstance(layer, keras.layers.Conv2D)]
    levers = {"unfreeze_at_step": 1, "unfreeze_from": (last := names[-1]), "learning_rate": 0.1}
    model = tuned(data, tmp_path / "model", fine_tune_checkpoint=checkpoint, **levers)
    before = compact_backbone()
    before.load_weights(checkpoint)
    after = {variable.path: variable.numpy() for variable in network().variables}
    changed = {each.path for each in before.variables if not np.array_equal(each.numpy(), after[each.path])}
    assert changed == {f"{last}/kernel"}
    learning = {row.name: row.learning for row in variables.read(model.variables)}
    assert learning[f"{last}/kernel"] == "from step 1"


def test_a_network_trained_in_half_precision_is_exported_in_full(data: Dataset, tmp_path: Path):
    model = tuned(data, tmp_path / "model", mixed_precision="bfloat16")
    network: Any = tf.saved_model.load(str(model.saved_model))
    graph = network.signatures["serving_default"].graph.as_graph_def(add_shapes=False)
    assert "DT_BFLOAT16" not in str(graph)
    assert model.metrics["log_loss"] > 0


def test_a_team_s_own_head_losses_augmentation_and_metrics_are_used(
    data: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    module = tmp_path / "own.py"
    module.write_text(OWN_HEAD)
    network = trained_network(monkeypatch)
    model = tuned(data, tmp_path / "model", module=str(module), fine_tune_checkpoint=checkpoint, unfreeze_at_step=2)
    assert {"own", "size", "validation_blues"} <= set(history.read(model.path))
    assert set(network().output) == {"logits", "hidden"}
    found: dict[str, Any] = dict(predictions.read(model.predictions("test")))
    assert all(len(answer["displayNames"]) == 2 for answer in found.values())
    assert model.own_module.read_text() == OWN_HEAD


def test_a_team_s_own_model_is_trained_whole(data: Dataset, tmp_path: Path):
    module = tmp_path / "own.py"
    module.write_text(OWN_MODEL)
    model = tuned(data, tmp_path / "model", module=str(module), learning_rate=0.1, num_steps=40)
    assert model.parameters["backbone"] == "own"
    assert model.metrics["accuracy"] == 1.0
    with pytest.raises(InputError, match=r"unfreeze_at_step is set, but .*own\.py builds the whole model"):
        tuned(data, tmp_path / "model", module=str(module), unfreeze_at_step=5)


def test_levers_that_do_not_fit_a_classifier_are_refused(data: Dataset, checkpoint: str, tmp_path: Path):
    with pytest.raises(InputError, match="num_classes is 5, but the data have 2 labels"):
        tuned(data, tmp_path, num_classes=5)
    with pytest.raises(InputError, match="classifier has no boxes"):
        tuned(data, tmp_path, fine_tune_checkpoint=checkpoint, fine_tune_checkpoint_type="detection")
    with pytest.raises(InputError, match="for image classification use one of compact, mobilenet_v2"):
        tuned(data, tmp_path, architecture="ssdlite_mobilenet_v2")
    with pytest.raises(InputError, match="unfreeze_from is 'stem', which is no layer of compact"):
        tuned(data, tmp_path, fine_tune_checkpoint=checkpoint, unfreeze_at_step=1, unfreeze_from="stem")
    with pytest.raises(InputError, match="holds nothing of the backbone"):
        tuned(data, tmp_path, fine_tune_checkpoint=checkpoint, architecture="mobilenet")


def test_data_without_two_labels_to_learn_are_refused(items: dict[str, list[Item]], tmp_path: Path):
    single = dataset(tmp_path / "single", items | {"train": items["train"][:1]})
    with pytest.raises(InputError, match="the train images have 1 of the labels"):
        tuned(single, tmp_path / "model")
    unlabelled = [replace(item, labels=[]) for item in items["train"]]
    with pytest.raises(InputError, match="have 0 of the labels"):
        tuned(dataset(tmp_path / "unlabelled", items | {"train": unlabelled}), tmp_path / "model")


def test_a_rare_label_is_said_and_a_test_split_without_labels_leaves_a_model_without_metrics(
    items: dict[str, list[Item]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    green, unlabelled = replace(items["validation"][0], labels=["green"]), replace(items["test"][0], labels=[])
    rare = {"train": items["train"][:2], "validation": [green], "test": [unlabelled]}
    model = tuned(dataset(tmp_path / "data", rare), tmp_path / "model")
    assert "No training image has the label green" in capsys.readouterr().out
    assert model.labels == ["blue", "green", "red"]
    assert (model.metrics, len(list(predictions.read(model.predictions("test"))))) == ({}, 1)


def test_targets_are_places_of_labels_or_a_column_for_each(items: dict[str, list[Item]]):
    both = [replace(items["train"][0], labels=["red", "blue"]), items["train"][1]]
    assert targets_of(items["train"][:2], ["blue", "red"], False).tolist() == [0, 1]
    assert targets_of(both, ["blue", "red"], True).tolist() == [[1, 1], [0, 1]]
    assert targets_of([], ["blue", "red"], True).shape == (0, 2)


def test_the_same_seed_gives_the_same_model_and_another_augmentation_another_one(data: Dataset, tmp_path: Path):
    still = Augmentation(zoom=0.0, brightness=0.0)
    one, again, shaken = (
        tuned(data, tmp_path / name, augmentation=each)
        for name, each in {"one": still, "again": still, "shaken": Augmentation()}.items()
    )
    assert one.predictions("test").read_text() == again.predictions("test").read_text()
    losses = [history.read(each.path)["cross_entropy"] for each in (one, again, shaken)]
    assert losses[0] == losses[1] != losses[2]
