"""Linear classifiers on a frozen network's features: their settings, their training, and what they answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from ...data.items import Item
from ...models import predictions
from ...models.features import FeatureCache
from ...models.metrics import classification_metrics
from ...models.predictions import Prediction
from .labels import HeadKind, Linear, fit, out_of_fold, predict

JUDGED_BY = ("accuracy", "log_loss")


@dataclass(frozen=True)
class ClassifierSettings:
    """A candidate of the search.

    Attributes:
        image_size: height and width that images are resized to, in pixels.
        kind: of the classifier.
    """

    image_size: int
    kind: HeadKind

    @property
    def name(self) -> str:
        """The classifier in words."""
        return f"{self.kind.head.replace('_', ' ').capitalize()} on a frozen backbone"

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The image size, the head, and where it has one, its regularisation."""
        of_head = {"regularisation": self.kind.regularisation} if self.kind.head == "logistic_regression" else {}
        return {"image_size": self.image_size, "head": self.kind.head, **of_head}


class ClassifierTrainer:
    """Fits classifiers to the labelled images of the train split, and judges them on others."""

    judged_by = "log_loss"

    def __init__(self, labels: Sequence[str], features: FeatureCache) -> None:
        """Looks up the labels.

        Args:
            labels: C labels of the data set.
            features: one output; images with no label or several are not learned from. Their seed is that of the folds.
        """
        self._items = features.items
        self._labels = labels
        self._features = features
        self._given = {split: _given(members, labels) for split, members in self._items.items()}
        self._known = self._given["train"] >= 0
        self._out_of_fold: dict[ClassifierSettings, NDArray[np.float32]] = {}

    @property
    def has_validation(self) -> bool:
        """Whether the validation split has an image with one label."""
        return bool((self._given["validation"] >= 0).any())

    def fit(self, settings: ClassifierSettings) -> Linear:
        """A classifier of all training images with one label; they have two labels at least."""
        features, given = self._features_of(settings, "train")[self._known], self._given["train"][self._known]
        fitted = fit(features, given, settings.kind)
        assert isinstance(fitted, Linear)
        return fitted

    def with_logits(self, embedding: keras.Model, settings: ClassifierSettings) -> keras.Model:
        """The embedding with the classifier as its last layer."""
        return with_logits(embedding, self.fit(settings), len(self._labels))

    def measure(self, settings: ClassifierSettings) -> dict[str, float]:
        """Accuracy and log loss on the validation split, or else on the train split out of fold."""
        if self.has_validation:
            judged = self._given["validation"] >= 0
            features = self._features_of(settings, "validation")[judged]
            probabilities = predict(self.fit(settings), features, len(self._labels))
            given = self._given["validation"][judged]
        else:
            probabilities, given = self._held_out(settings), self._given["train"][self._known]
        truth = [str(self._labels[place]) for place in given]
        reached = classification_metrics(truth, probabilities.astype(np.float64), self._labels)
        return {name: reached[name] for name in JUDGED_BY}

    def answers_out_of_fold(self, settings: ClassifierSettings) -> dict[str, Prediction]:
        """Predictions of the training images by id: out of fold, where they have one label to learn from."""
        probabilities = predict(self.fit(settings), self._features_of(settings, "train"), len(self._labels))
        probabilities[self._known] = self._held_out(settings)
        answers = (predictions.of_probabilities(self._labels, row) for row in probabilities)
        return {item.id: answer for item, answer in zip(self._items["train"], answers, strict=True)}

    def _held_out(self, settings: ClassifierSettings) -> NDArray[np.float32]:
        """Out-of-fold probabilities of the training images with one label, computed once."""
        if settings not in self._out_of_fold:
            features, given = self._features_of(settings, "train")[self._known], self._given["train"][self._known]
            groups = np.array([item.sha256 for item in self._items["train"]])[self._known]
            self._out_of_fold[settings] = out_of_fold(
                features, given, groups, len(self._labels), self._features.seed, settings.kind
            )
        return self._out_of_fold[settings]

    def _features_of(self, settings: ClassifierSettings, split: str) -> NDArray[np.float32]:
        return np.asarray(self._features.at(settings.image_size)[split][0], np.float32)


def with_logits(embedding: keras.Model, fitted: Linear, num_classes: int) -> keras.Model:
    """The embedding with the fitted classifier as one dense layer: the scaler is folded into its weights."""
    scaler, classifier = fitted.scaler, fitted.classifier
    kernel, bias = classifier.coef_, classifier.intercept_
    if len(classifier.classes_) == 2:  # scikit-learn keeps one row for two classes
        kernel, bias = np.concatenate([-kernel / 2, kernel / 2]), np.concatenate([-bias / 2, bias / 2])
    kernel = np.asarray(kernel) / np.asarray(scaler.scale_)
    bias = bias - kernel @ np.asarray(scaler.mean_)
    # A label that no training image has keeps a probability of practically 0.
    weights = np.zeros((kernel.shape[1], num_classes))
    offsets = np.full(num_classes, -30.0)
    weights[:, classifier.classes_], offsets[classifier.classes_] = kernel.T, bias
    logits = layers.Dense(num_classes, name="logits")
    network = keras.Model(embedding.inputs, logits(embedding.output))
    logits.set_weights([weights, offsets])
    return network


def _given(items: Sequence[Item], labels: Sequence[str]) -> NDArray[np.int64]:
    """The place of each item's one label among the labels, or -1 where it has none or several."""
    codes = {label: code for code, label in enumerate(labels)}
    return np.array([codes[item.labels[0]] if len(item.labels) == 1 else -1 for item in items], np.int64)
