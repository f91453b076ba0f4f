"""The baseline of object detection: detection heads on a frozen backbone whose feature maps are computed once."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item
from ...models import history, label_probabilities, predictions
from ...models.backbones import Backbone, load_backbone
from ...models.detection.anchors import make_anchors
from ...models.detection.export import ExportedDetector
from ...models.detection.network import PYRAMID_CHANNELS
from ...models.detection_metrics import detection_metrics
from ...models.features import FeatureCache, freeze
from ...models.folder import ModelFolder
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.measured import measure_on_test
from ...models.predictions import Prediction
from ...models.training import Recipe, set_seed
from .box_labels import box_label_probabilities
from .heads import FOLDS, HeadSettings, HeadTrainer
from .search import Clock, Found, check_effort, search


@dataclass(frozen=True)
class Budget:
    """How long heads learn: passes over the training images, in batches, at most so many."""

    passes: int
    batch_size: int
    most_steps: int


# Measured on playing cards: what limits short trainings is the number of steps, so that small batches pay.
BUDGETS = {"fast": Budget(3, 16, 2000), "standard": Budget(15, 8, 4000), "thorough": Budget(30, 8, 8000)}
FEWEST_STEPS = 60
# A small data set is seen in several views, until there are about so many.
VIEWED_IMAGES, MOST_VIEWS = 1200, 4
LARGER = 1.4  # times the backbone's usual image size


def train_detection_baseline(
    dataset: Dataset, output: Path, effort: str, checkpoint: str, seed: int, time_limit: float = 0.0
) -> ModelFolder:
    """Trains heads on a frozen backbone, measures them, and says of each label how probable it is.

    Args:
        dataset: of images with boxes.
        output: the model folder to write.
        effort: `fast` is one training; `standard` and `thorough` take the best of several heads and resolutions on the
            validation split, or on half of the training images where it has no box.
        checkpoint: the backbone's weights, see `backbones.load_backbone`.
        seed: same data, same seed, same machine: same model.
        time_limit: seconds of wall-clock time after which no further candidate is tried; 0 for none.

    Returns:
        The model folder, saved: with a SavedModel, out-of-fold predictions of the train split, predictions of the
        others, label probabilities of every box, the leaderboard and the hyperparameters. Without a box in the test
        split it has no metrics.

    Raises:
        InputError: the checkpoint or the effort cannot be used, or the data cannot be learned from.
    """
    start, clock = time.process_time(), Clock(time_limit)
    check_effort(effort)
    set_seed(seed)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    items = {split: list(dataset.items(split)) for split in SPLITS}
    views = 1 if effort == "fast" else max(1, min(MOST_VIEWS, VIEWED_IMAGES // max(1, len(items["train"]))))
    with tempfile.TemporaryDirectory() as scratch:
        features = FeatureCache(backbone.network, items, Path(scratch), views, seed)
        trainer = HeadTrainer(backbone, dataset.labels, features)
        freeze(backbone, items["train"])
        found = _search(trainer, features, items, candidates(effort, len(items["train"]), backbone, seed), clock)
        fitted = trainer.fit(found.best)
        out_of_fold = _out_of_fold(trainer, found.best, items["train"])

    backbone = replace(backbone, image_size=found.best.image_size)
    parameters = {"effort": effort, "views": views, **found.parameters}
    model = image_model(output, "baseline detector", dataset, backbone, parameters, seed)
    found.write(model)
    history.write(output, fitted.curve)
    predictions.write(model.predictions("train"), out_of_fold.items())
    _export(model, dataset, backbone, fitted.network, items)
    rows = box_label_probabilities(items, dataset.labels, backbone.network, seed)
    label_probabilities.write(model.label_probabilities, rows)
    model.parameters["cpu_seconds"] = round(time.process_time() - start, 1)
    model.save()
    return model


def candidates(effort: str, images: int, backbone: Backbone, seed: int) -> list[HeadSettings]:
    """What an effort tries for a number of training images, the cheapest first."""
    budget = BUDGETS[effort]
    steps = max(FEWEST_STEPS, min(budget.passes * images // budget.batch_size, budget.most_steps))
    recipe = Recipe(steps=steps, seed=seed, batch_size=budget.batch_size)
    usual, large = backbone.image_size, round(backbone.image_size * LARGER / 32) * 32
    first = HeadSettings(usual, PYRAMID_CHANNELS, recipe)
    if effort == "fast":
        return [first]
    quick = replace(first, recipe=replace(recipe, learning_rate=2 * recipe.learning_rate))
    if effort == "standard":
        return [first, quick, replace(first, image_size=large)]
    wide = replace(first, channels=2 * PYRAMID_CHANNELS)
    return [first, quick, replace(first, image_size=large), replace(quick, image_size=large), wide]


def _search(
    trainer: HeadTrainer,
    features: FeatureCache,
    items: dict[str, list[Item]],
    tried: list[HeadSettings],
    clock: Clock,
) -> Found[HeadSettings]:
    """The candidate with the best AP50 on images that it has not learned from."""
    has_validation = any(item.usable_boxes() for item in items["validation"])

    def measure(settings: HeadSettings) -> dict[str, float]:
        if has_validation:
            judged, found = trainer.predict(settings, "validation")
        else:
            judged, found = trainer.predict_held_out(settings, fold=0)
        return detection_metrics(judged, found, trainer.labels) if any(i.usable_boxes() for i in judged) else {}

    judged_on = "the validation split" if has_validation else "training images that were held out"
    return search(tried, lambda settings: features.at(settings.image_size), measure, "ap50", judged_on, clock)


def _out_of_fold(trainer: HeadTrainer, settings: HeadSettings, train: list[Item]) -> dict[str, Prediction]:
    """Predictions of each training item by heads that have not seen its bytes, in the order of the items."""
    found: dict[str, Prediction] = {}
    for fold in range(FOLDS):
        found |= trainer.predict_held_out(settings, fold)[1]
    return {item.id: found[item.id] for item in train}


def _export(
    model: ModelFolder, dataset: Dataset, backbone: Backbone, heads: keras.Model, items: dict[str, list[Item]]
) -> None:
    """Writes the SavedModel and what it predicts of the validation and test splits, and measures the latter."""
    network = keras.Model(backbone.network.inputs, heads(backbone.network.outputs))
    size = backbone.image_size
    exported = ExportedDetector(network, size, make_anchors(size, size).boxes)
    exported.save(model.saved_model, dataset.labels)
    for split in ("validation", "test"):
        found = dict(predict_images(exported.predict, dataset.task, dataset.labels, items[split]))
        predictions.write(model.predictions(split), found.items())
        if split == "test" and any(item.usable_boxes() for item in items[split]):
            measure_on_test(model, dataset, found)
