"""Detection heads on a frozen backbone: their settings, their training, and what they predict."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold

from ...data.items import Item, Task
from ...errors import InputError
from ...models.backbones import Backbone
from ...models.detection.anchors import make_anchors
from ...models.detection.labels import box_arrays
from ...models.detection.network import build_heads
from ...models.detection.postprocess import postprocess
from ...models.detection.training import FeatureSource, train_detector
from ...models.features import FeatureCache
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ...models.training import Recipe, set_seed
from ...models.views import boxes_of_views

FOLDS = 2
BATCH = 16


@dataclass(frozen=True)
class HeadSettings:
    """A candidate of the search.

    Attributes:
        image_size: height and width that images are resized to, in pixels.
        channels: width of the feature pyramid and of the heads.
        recipe: of the training.
    """

    image_size: int
    channels: int
    recipe: Recipe
    name: str = "Detection heads on a frozen backbone"

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """By the names of `Recipe` and `HeadSettings`."""
        recipe = {name: value for name, value in asdict(self.recipe).items() if name != "seed"}
        return {"image_size": self.image_size, "channels": self.channels, **recipe}


@dataclass(frozen=True)
class FittedHeads:
    """Trained heads.

    Attributes:
        network: from three feature maps to logits and codes.
        curve: of the training, see `training.run_steps`.
    """

    network: keras.Model
    curve: list[dict[str, float]]


class HeadTrainer:
    """Trains heads on parts of the train split; the same heads are never trained twice."""

    def __init__(self, backbone: Backbone, labels: Sequence[str], features: FeatureCache) -> None:
        """Splits the training images into folds; images of the same bytes share one.

        Args:
            backbone: frozen.
            labels: of the data set.
            features: of the backbone; their seed is also that of the folds.

        Raises:
            InputError: there are fewer training images than folds, or no box to learn from.
        """
        self.labels = labels
        self._backbone = backbone
        self._features = features
        self._items = features.items
        train = self._items["train"]
        groups = np.array([item.sha256 for item in train])
        if len(set(groups)) < FOLDS:
            raise InputError(f"the train split has fewer than {FOLDS} different images: add labelled images to it")
        if not any(item.usable_boxes() for item in train):
            raise InputError("the train split has no usable box: add labelled boxes to the data")
        self._truth = boxes_of_views(box_arrays(train, labels), features.views, features.seed)
        folds = GroupKFold(FOLDS, shuffle=True, random_state=features.seed).split(groups, groups=groups)
        self.folds: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = list(folds)
        self._fitted: dict[tuple[HeadSettings, int | None], FittedHeads] = {}

    def fit(self, settings: HeadSettings, fold: int | None = None) -> FittedHeads:
        """Heads trained on all training images, or on those that a fold does not hold out."""
        if (settings, fold) not in self._fitted:
            every = np.arange(len(self._items["train"]))
            self._fitted[settings, fold] = self._train(settings, every if fold is None else self.folds[fold][0])
        return self._fitted[settings, fold]

    def predict(self, settings: HeadSettings, split: str) -> tuple[Sequence[Item], dict[str, Prediction]]:
        """A split's items, and by id what heads trained on all training images predict of them."""
        every = np.arange(len(self._items[split]))
        return self._items[split], self._predict(self.fit(settings), settings, split, every)

    def predict_held_out(self, settings: HeadSettings, fold: int) -> tuple[Sequence[Item], dict[str, Prediction]]:
        """The items that a fold holds out, and by id what heads that have not seen them predict.

        Where the other fold has no box, there is nothing to learn from, and so nothing is predicted.
        """
        known, held_out = self.folds[fold]
        items = [self._items["train"][place] for place in held_out]
        if not any(self._items["train"][place].usable_boxes() for place in known):
            nothing: Prediction = {"displayNames": [], "confidences": [], "bboxes": []}
            return items, {item.id: nothing for item in items}
        return items, self._predict(self.fit(settings, fold), settings, "train", held_out)

    def _train(self, settings: HeadSettings, known: NDArray[np.int64]) -> FittedHeads:
        set_seed(settings.recipe.seed)
        network = build_heads(self._backbone.network, len(self.labels), settings.channels)
        maps = self._features.at(settings.image_size)["train"]
        count = len(self._items["train"])
        places = np.concatenate([known + view * count for view in range(self._features.views)])
        anchors = make_anchors(settings.image_size, settings.image_size)
        source = FeatureSource(maps, places)
        return FittedHeads(network, train_detector(network, anchors, source, self._truth.take(places), settings.recipe))

    def _predict(
        self, fitted: FittedHeads, settings: HeadSettings, split: str, places: NDArray[np.int64]
    ) -> dict[str, Prediction]:
        """Predictions of some of a split's items, by id, from their feature maps."""
        anchors = tf.constant(make_anchors(settings.image_size, settings.image_size).boxes)
        maps = self._features.at(settings.image_size)[split]

        @tf.function(reduce_retracing=True)
        def answer(levels: list[tf.Tensor]) -> dict[str, tf.Tensor]:
            logits, codes = fitted.network(levels, training=False)
            return postprocess(logits, codes, anchors)

        found: dict[str, Prediction] = {}
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            outputs = answer([tf.constant(level[batch], tf.float32) for level in maps])
            arrays = {name: each.numpy() for name, each in outputs.items()}
            answers = to_predictions(Task.OBJECT_DETECTION, self.labels, arrays)
            found |= {self._items[split][place].id: each for place, each in zip(batch, answers, strict=True)}
        return found
