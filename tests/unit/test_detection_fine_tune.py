"""Fine-tuning of detectors: stages, freezing, checkpoints, own modules, and data that are hard to learn from."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image, ImageDraw
from tiny_models import an_item, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Item
from graduate.components.errors import InputError
from graduate.components.fine_tune.restore import variables
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.tasks import detection
from graduate.components.fine_tune.tasks.detection import fine_tune_detector
from graduate.components.fine_tune.tasks.image_size import fitting_image_size
from graduate.components.models import history, predictions
from graduate.components.models.backbones import compact_backbone
from graduate.components.models.folder import ModelFolder

COUNTS = {"train": 8, "validation": 2, "test": 2}
FEW = FineTuneConfig(num_steps=3, batch_size=4, image_size=64, architecture="fpnlite_compact")

OWN = """
import tensorflow as tf

LOSS_WEIGHTS = {"boxes": 2.0}
HIGHER_IS_BETTER = {"found": True}

def losses(outputs, targets):
    is_object = tf.cast(targets["labels"] >= 0, tf.float32)
    wanted = tf.one_hot(targets["labels"], tf.shape(outputs["logits"])[-1])
    classes = tf.nn.sigmoid_cross_entropy_with_logits(wanted, outputs["logits"])
    boxes = tf.reduce_sum(tf.abs(outputs["codes"]), -1) * is_object
    return {"classes": tf.reduce_mean(classes, [1, 2]), "boxes": tf.reduce_mean(boxes, 1)}

def augment(images, targets, draws):
    return 255 - images, targets

def metrics(targets, outputs):
    return {"found": float(len(outputs))}
"""
OWN_MODEL = """
import keras

def build_model(num_outputs, image_size):
    images = keras.Input((image_size, image_size, 3))
    x = keras.layers.GlobalAveragePooling2D()(images)
    anchors = 84
    logits = keras.layers.Reshape((anchors, num_outputs))(keras.layers.Dense(anchors * num_outputs)(x))
    codes = keras.layers.Reshape((anchors, 4))(keras.layers.Dense(anchors * 4)(x))
    return keras.Model(images, {"logits": logits, "codes": codes})
"""


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Item]]:
    """A red square at a random place of a grey page."""
    folder, rng, found = tmp_path_factory.mktemp("pages"), np.random.default_rng(0), {}
    for split, count in COUNTS.items():
        found[split] = []
        for number in range(count):
            x, y = (int(each) for each in rng.integers(0, 50, 2))
            picture = Image.new("RGB", (96, 80), (200, 200, 200))
            ImageDraw.Draw(picture).rectangle((x, y, x + 28, y + 28), (220, 30, 30))
            path = folder / f"{split}-{number}.png"
            picture.save(path)
            box = Box("square", x / 96, y / 80, (x + 29) / 96, (y + 29) / 80)
            found[split].append(an_item(path, path.name, [box]))
    return found


@pytest.fixture(scope="module")
def data(items: dict[str, list[Item]], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(image_dataset(tmp_path_factory.mktemp("data"), items))


@pytest.fixture(scope="module")
def unjudged(items: dict[str, list[Item]], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Without validation images, so that the last weights are kept."""
    return Dataset.open(image_dataset(tmp_path_factory.mktemp("unjudged"), items | {"validation": []}))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of weights of the compact backbone."""
    keras.utils.set_random_seed(1)
    file = tmp_path_factory.mktemp("weights") / "compact.weights.h5"
    compact_backbone().save_weights(file)
    return str(file)


def tuned(data: Dataset, output: Path, place: str = "", **levers: Any) -> ModelFolder:
    return fine_tune_detector(data, None, output, FEW.with_values(**levers), place, "")


def trained_detector(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """The detector of the next training."""
    kept, build = [], detection.detectors.build

    def remember(*arguments: Any) -> Any:
        kept.append(build(*arguments))
        return kept[-1]

    monkeypatch.setattr(detection.detectors, "build", remember)
    return lambda: kept[-1]


def test_the_folder_tells_how_it_was_trained(data: Dataset, tmp_path: Path):
    model = tuned(data, tmp_path / "model")
    assert set(model.metrics) == {"ap", "ap50", "ap75"}
    assert {"classification", "localisation", "learning_rate", "validation_ap"} <= set(history.read(model.path))
    assert model.parameters["architecture"] == "fpnlite_compact"
    assert model.parameters["chosen_by"] == "The best weights are chosen on the validation split."
    assert "image_size: 64" in model.config.read_text()
    assert [name for name, _ in predictions.read(model.predictions("test"))] == ["test-0.png", "test-1.png"]


def test_a_frozen_backbone_keeps_every_bit_while_the_heads_learn(
    unjudged: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trained = trained_detector(monkeypatch)
    model = tuned(unjudged, tmp_path / "model", fine_tune_checkpoint=checkpoint, unfreeze_at_step=3, weight_decay=0.5)
    before = compact_backbone()
    before.load_weights(checkpoint)
    after = {variable.path: variable.numpy() for variable in trained().backbone.variables}
    assert all(np.array_equal(variable.numpy(), after[variable.path]) for variable in before.variables)
    rows = variables.read(model.variables)
    assert {row.learning for row in rows if row.part == "backbone"} == {"frozen"}
    assert all(row.source for row in rows if row.part == "backbone")
    assert any(row.learning == "always" for row in rows if row.part == "heads")


def test_what_is_called_frozen_keeps_every_bit_statistics_of_batch_norms_too(
    unjudged: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trained = trained_detector(monkeypatch)
    levers = {"unfreeze_at_step": 1, "unfreeze_from": "stage_4_mix", "freeze_batch_norm": False, "learning_rate": 0.01}
    model = tuned(unjudged, tmp_path / "model", fine_tune_checkpoint=checkpoint, **levers)
    rows = {row.name: row.learning for row in variables.read(model.variables) if row.part == "backbone"}
    before = compact_backbone()
    before.load_weights(checkpoint)
    after = {variable.path: variable.numpy() for variable in trained().backbone.variables}
    changed = {each.path for each in before.variables if not np.array_equal(each.numpy(), after[each.path])}
    assert changed == {name for name, learning in rows.items() if learning != "frozen"}
    assert any(name.endswith("moving_mean") for name in changed)


def test_layers_thaw_in_stages_and_batch_norms_never(
    unjudged: Dataset, checkpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trained = trained_detector(monkeypatch)
    levers = {"unfreeze_at_step": [1, 2], "unfreeze_from": ["stage_4_mix", "stage_2_down"], "learning_rate": 0.01}
    model = tuned(unjudged, tmp_path / "model", fine_tune_checkpoint=checkpoint, **levers)
    rows = {row.name: row.learning for row in variables.read(model.variables) if row.part == "backbone"}
    assert rows["stage_4_mix/kernel"] == "from step 1"
    assert rows["stage_2_down/kernel"] == "from step 2"
    assert rows["stage_1_down/kernel"] == "frozen"
    before = compact_backbone()
    before.load_weights(checkpoint)
    after = {variable.path: variable.numpy() for variable in trained().backbone.variables}
    changed = {each.path for each in before.variables if not np.array_equal(each.numpy(), after[each.path])}
    assert changed == {name for name, learning in rows.items() if learning != "frozen"}
    assert not any("norm" in name for name in changed)


def test_an_unknown_layer_to_thaw_from_is_named_with_others(data: Dataset, checkpoint: str, tmp_path: Path):
    with pytest.raises(InputError, match=r"unfreeze_from is 'block_99', which is no layer of compact: give one of its"):
        tuned(data, tmp_path / "model", fine_tune_checkpoint=checkpoint, unfreeze_at_step=1, unfreeze_from="block_99")


def test_another_number_of_classes_than_the_data_have_is_refused(data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="num_classes is 7, but the data have 1 labels"):
        tuned(data, tmp_path / "model", num_classes=7)


def test_a_size_that_the_pyramid_does_not_take_is_refused(data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="image_size is 100: for fpnlite_compact give a multiple of 32"):
        tuned(data, tmp_path / "model", image_size=100)


def test_a_training_from_its_checkpoint_ends_as_one_that_was_not_interrupted(data: Dataset, tmp_path: Path):
    class KilledError(Exception):
        pass

    straight = tuned(data, tmp_path / "straight", num_steps=4, checkpoint_every=2)
    place = str(tmp_path / "place")
    fetch = detection.DetectionLearner._fetch_images

    calls = []

    def killed(self: Any, places: Any) -> Any:
        calls.append(places)
        if len(calls) == 4:
            raise KilledError
        return fetch(self, places)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detection.DetectionLearner, "_fetch_images", killed)
        with pytest.raises(KilledError):
            tuned(data, tmp_path / "killed", place, num_steps=4, checkpoint_every=2)
    resumed = tuned(data, tmp_path / "killed", place, num_steps=4, checkpoint_every=2)
    assert resumed.parameters["resumed_from"] == 2
    assert dict(predictions.read(resumed.predictions("test"))) == dict(predictions.read(straight.predictions("test")))
    assert not (tmp_path / "place" / "cache").exists()


def test_own_losses_augmentation_and_metrics_take_the_place_of_ours(data: Dataset, tmp_path: Path):
    module = tmp_path / "mine.py"
    module.write_text(OWN)
    model = tuned(data, tmp_path / "model", module=str(module))
    curves = history.read(model.path)
    assert {"classes", "boxes", "validation_found", "validation_ap"} <= set(curves)
    assert "classification" not in curves
    assert {value for _, value in curves["validation_found"]} == {2.0}
    assert model.own_module.read_text() == OWN


def test_an_own_model_is_trained_whole_and_its_outputs_have_to_fit_the_anchors(data: Dataset, tmp_path: Path):
    module = tmp_path / "mine.py"
    module.write_text(OWN_MODEL)
    model = tuned(data, tmp_path / "model", module=str(module))
    assert {row.learning for row in variables.read(model.variables)} == {"always"}
    module.write_text(OWN_MODEL.replace("anchors = 84", "anchors = 80"))
    with pytest.raises(InputError, match=r"build_model gives the shape \[None, 80, 1\] as logits: give \[N, 84, 1\]"):
        tuned(data, tmp_path / "model", module=str(module))


def test_a_loss_that_is_no_number_is_said_and_nothing_is_exported(data: Dataset, tmp_path: Path):
    module = tmp_path / "mine.py"
    module.write_text(
        "import tensorflow as tf\n\n\ndef losses(outputs, targets):\n"
        "    return {'mine': tf.math.log(-1 - tf.reduce_mean(outputs['logits'] ** 2, [1, 2]))}\n"
    )
    with pytest.raises(InputError, match=r"the loss is not a number at step 1 \(mine nan\)"):
        tuned(data, tmp_path / "model", module=str(module))
    assert not (tmp_path / "model" / "model.json").exists()


def variant(folder: Path, items: dict[str, list[Item]], train: list[Item]) -> Dataset:
    return Dataset.open(image_dataset(folder, items | {"train": train}))


def test_one_image_with_a_thousand_boxes_is_learned_from(items: dict[str, list[Item]], tmp_path: Path):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 0.9, (1000, 2))
    boxes = [Box("square", x, y, x + 0.05, y + 0.05) for x, y in corners]
    crowded = variant(tmp_path / "data", items, [replace(items["train"][0], boxes=boxes)])
    model = tuned(crowded, tmp_path / "model")
    assert np.isfinite([value for _, value in history.read(model.path)["localisation"]]).all()


def test_images_without_boxes_are_background_and_none_at_all_is_refused(items: dict[str, list[Item]], tmp_path: Path):
    empty = [replace(item, boxes=[]) for item in items["train"]]
    model = tuned(variant(tmp_path / "some", items, [items["train"][0], *empty[1:]]), tmp_path / "model")
    assert model.metrics
    with pytest.raises(InputError, match="the train split has no usable box"):
        tuned(variant(tmp_path / "none", items, empty), tmp_path / "other")


def test_a_label_without_a_box_and_an_image_that_is_gone_are_said(
    items: dict[str, list[Item]], tmp_path: Path, capsys: pytest.CaptureFixture
):
    lost = tmp_path / "lost.png"
    lost.write_bytes(Path(items["train"][0].uri).read_bytes() + b" ")
    train = [an_item(lost, "lost.png", items["train"][0].boxes), *items["train"][1:]]
    other = [replace(items["test"][0], boxes=[*items["test"][0].boxes, Box("circle", 0.1, 0.1, 0.3, 0.3)])]
    dataset = Dataset.open(image_dataset(tmp_path / "data", items | {"train": train, "test": other}))
    lost.unlink()
    model = tuned(dataset, tmp_path / "model")
    said = capsys.readouterr().out
    assert "No training box has the label circle" in said
    assert "lost.png" in said
    assert [each["id"] for each in model.parameters["set_aside"]] == ["lost.png"]


@pytest.mark.parametrize(("side", "size"), [(0.3, 320), (0.08, 416), (0.01, 512)])
def test_small_objects_are_seen_at_a_larger_size_as_far_as_it_is_affordable(
    items: dict[str, list[Item]], side: float, size: int
):
    boxes = [Box("square", 0.1, 0.1, 0.1 + side, 0.1 + side)] * 7
    # A quarter of the boxes may be smaller.
    crowd = [replace(items["train"][0], boxes=[*boxes, Box("square", 0, 0, 0.01, 0.01)])]
    assert fitting_image_size(crowd, 320) == size


def test_batch_norms_that_are_learned_follow_the_batches_soon(
    unjudged: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    trained = trained_detector(monkeypatch)
    tuned(unjudged, tmp_path / "model", architecture="ssdlite_mobilenet_v2", num_steps=1)
    norms = [each for each in trained().backbone.layers if isinstance(each, keras.layers.BatchNormalization)]
    assert {each.momentum for each in norms} == {0.97}
