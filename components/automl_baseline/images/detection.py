"""The baseline of object detection: detection heads on a frozen backbone whose feature maps are computed once."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item, Task
from ...errors import InputError
from ...models import history, label_probabilities, predictions
from ...models.backbones import Backbone, load_backbone
from ...models.detection.anchors import make_anchors
from ...models.detection.export import ExportedDetector
from ...models.detection.labels import box_arrays
from ...models.detection.network import build_heads
from ...models.detection.postprocess import postprocess
from ...models.detection.training import FeatureSource, train_detector
from ...models.detection_metrics import detection_metrics
from ...models.folder import ModelFolder
from ...models.image_data import decode_images
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.measured import measure_on_test
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ...models.training import Recipe, set_seed
from .box_labels import box_label_probabilities
from .features import feature_maps, freeze

FOLDS = 2
BATCH = 16
LEARNING_RATES = {"fast": (3e-3,), "standard": (1e-3, 3e-3)}
PASSES = {"fast": 3, "standard": 15}
FEWEST_STEPS, MOST_STEPS = 60, 2000


@dataclass(frozen=True)
class Split:
    """The items of a split and the frozen backbone's maps of their images."""

    items: list[Item]
    maps: list[NDArray[np.float16]]

    def take(self, indices: NDArray[np.int64]) -> "Split":
        """Some of the items."""
        return Split([self.items[i] for i in indices], [level[indices] for level in self.maps])


def train_detection_baseline(dataset: Dataset, output: Path, effort: str, checkpoint: str, seed: int) -> ModelFolder:
    """Trains heads on a frozen backbone, measures them, and says of each label how probable it is.

    Args:
        dataset: of images with boxes.
        output: the model folder to write.
        effort: `fast` is one training, `standard` takes the best of two learning rates on the validation split.
        checkpoint: the backbone's weights, see `backbones.load_backbone`.
        seed: same data, same seed, same machine: same model.

    Returns:
        The model folder, saved: with a SavedModel, out-of-fold predictions of the train split, predictions of the
        others, and label probabilities of every box.

    Raises:
        InputError: the checkpoint cannot be used, or the data cannot be learned from.
    """
    start = time.process_time()
    set_seed(seed)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        splits = _frozen_splits(dataset, backbone, Path(scratch))
        recipe, leaderboard = _best_recipe(dataset, backbone, splits, effort, seed)
        heads, curve = _train(dataset, backbone, splits["train"], recipe)
        out_of_fold = _out_of_fold(dataset, backbone, splits["train"], recipe)

    network = keras.Model(backbone.network.inputs, heads(backbone.network.outputs))
    exported = ExportedDetector(network, backbone.image_size)
    parameters = asdict(recipe) | {"effort": effort, "trials": leaderboard}
    model = image_model(output, "baseline detector", dataset, backbone, parameters, seed)
    exported.save(model.saved_model)
    history.write(output, curve)
    predictions.write(model.predictions("train"), out_of_fold.items())
    found = {
        split: dict(predict_images(exported.detect, dataset.task, dataset.labels, splits[split].items))
        for split in ("validation", "test")
    }
    for split, by_item in found.items():
        predictions.write(model.predictions(split), by_item.items())
    measure_on_test(model, dataset, found["test"])
    items = {name: split.items for name, split in splits.items()}
    rows = box_label_probabilities(items, dataset.labels, backbone.network, seed)
    label_probabilities.write(model.label_probabilities, rows)
    model.parameters["cpu_seconds"] = round(time.process_time() - start, 1)
    model.save()
    return model


def make_recipe(effort: str, images: int, learning_rate: float, seed: int) -> Recipe:
    """A few passes over the training images, within reason: heads on frozen features learn fast."""
    recipe = Recipe(steps=0, seed=seed, learning_rate=learning_rate)
    steps = PASSES[effort] * images // recipe.batch_size
    return replace(recipe, steps=min(max(steps, FEWEST_STEPS), MOST_STEPS))


def _frozen_splits(dataset: Dataset, backbone: Backbone, scratch: Path) -> dict[str, Split]:
    """Every split's items and feature maps; the backbone is frozen on the way."""
    size = backbone.image_size
    splits = {}
    for name in SPLITS:
        items = list(dataset.items(name))
        images = decode_images(items, size, scratch / name)
        if name == "train":
            if not items:
                raise InputError("the train split has no image: add labelled images to the data")
            freeze(backbone, images)
        splits[name] = Split(items, feature_maps(backbone.network, images, scratch / name))
    return splits


def _best_recipe(
    dataset: Dataset, backbone: Backbone, splits: dict[str, Split], effort: str, seed: int
) -> tuple[Recipe, list[dict[str, float]]]:
    """The candidate with the best AP50 on the validation split, and what each reached."""
    images = len(splits["train"].items)
    recipes = [make_recipe(effort, images, rate, seed) for rate in LEARNING_RATES[effort]]
    if len(recipes) == 1 or not splits["validation"].items:
        return recipes[-1], []
    leaderboard = []
    for recipe in recipes:
        heads, _ = _train(dataset, backbone, splits["train"], recipe)
        found = _predict(heads, backbone, dataset.labels, splits["validation"])
        reached = _measure(splits["validation"].items, found, dataset.labels)
        leaderboard.append({"learning_rate": recipe.learning_rate, "validation_ap50": reached["ap50"]})
    best = max(range(len(recipes)), key=lambda index: leaderboard[index]["validation_ap50"])
    return recipes[best], leaderboard


def _train(
    dataset: Dataset, backbone: Backbone, split: Split, recipe: Recipe
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Fresh heads trained on a split, and the training curves."""
    set_seed(recipe.seed)
    heads = build_heads(backbone.network, len(dataset.labels))
    anchors = make_anchors(backbone.image_size, backbone.image_size)
    truth = box_arrays(split.items, dataset.labels)
    return heads, train_detector(heads, anchors, FeatureSource(split.maps), truth, recipe)


def _out_of_fold(dataset: Dataset, backbone: Backbone, split: Split, recipe: Recipe) -> dict[str, Prediction]:
    """Predictions of each item by heads that have not seen its bytes, in the order of the items."""
    groups = np.array([item.sha256 for item in split.items])
    if len(set(groups)) < FOLDS:
        raise InputError(f"the train split has fewer than {FOLDS} different images: add labelled images to the data")
    found: dict[str, Prediction] = {}
    for known, held_out in GroupKFold(FOLDS, shuffle=True, random_state=recipe.seed).split(groups, groups=groups):
        heads, _ = _train(dataset, backbone, split.take(known), recipe)
        found |= _predict(heads, backbone, dataset.labels, split.take(held_out))
    return {item.id: found[item.id] for item in split.items}


def _predict(heads: keras.Model, backbone: Backbone, labels: Sequence[str], split: Split) -> dict[str, Prediction]:
    """Predictions of a split's items by id, from their feature maps."""
    anchors = tf.constant(make_anchors(backbone.image_size, backbone.image_size).boxes)

    @tf.function(reduce_retracing=True)
    def answer(maps: list[tf.Tensor]) -> dict[str, tf.Tensor]:
        logits, codes = heads(maps, training=False)
        return postprocess(logits, codes, anchors)

    found: dict[str, Prediction] = {}
    for start in range(0, len(split.items), BATCH):
        batch = slice(start, start + BATCH)
        outputs = answer([tf.constant(level[batch], tf.float32) for level in split.maps])
        answers = to_predictions(Task.OBJECT_DETECTION, labels, {name: each.numpy() for name, each in outputs.items()})
        found |= {item.id: each for item, each in zip(split.items[batch], answers, strict=True)}
    return found


def _measure(items: list[Item], found: dict[str, Prediction], labels: Sequence[str]) -> dict[str, float]:
    """AP, AP50, AP75; nothing where there is no image to measure on."""
    return detection_metrics(items, found, labels) if items else {}
