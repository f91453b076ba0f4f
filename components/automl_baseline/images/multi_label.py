"""Linear classifiers for images with several labels: one logistic regression for each label, yes or no."""

import warnings
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ...models import predictions
from ...models.features import FeatureCache
from ...models.multi_label_metrics import label_matrix, multi_label_metrics
from ...models.predictions import Prediction
from .classifiers import ClassifierSettings
from .labels import FOLDS, HeadKind

# The logit of a label that no training image has, and negative, of one that all have: a probability of practically 0.
_NEVER = -30.0


class MultiLabelTrainer:
    """What `ClassifierTrainer` is to images with one label: an image with labels is learned from for every label."""

    judged_by = "map"

    def __init__(self, labels: Sequence[str], features: FeatureCache) -> None:
        """Looks up the labels.

        Args:
            labels: C labels of the data set.
            features: one output; images without any label are not learned from. Their seed is that of the folds.
        """
        self._labels = labels
        self._features = features
        items = features.items
        self._known = {split: np.array([bool(item.labels) for item in items[split]], bool) for split in items}
        self._given = {split: label_matrix(labels, (item.labels for item in items[split])) for split in items}
        self._out_of_fold: dict[ClassifierSettings, NDArray[np.float64]] = {}

    @property
    def has_validation(self) -> bool:
        """Whether the validation split has an image with labels."""
        return bool(self._known["validation"].any())

    def fit(self, settings: ClassifierSettings) -> Pipeline:
        """A classifier of all training images with labels."""
        return _fit(self._features_of(settings, "train"), self._given["train"][self._known["train"]], settings.kind)

    def with_logits(self, embedding: keras.Model, settings: ClassifierSettings) -> keras.Model:
        """The embedding with the classifier as its last layer."""
        return _with_logits(embedding, self.fit(settings))

    def measure(self, settings: ClassifierSettings) -> dict[str, float]:
        """The metrics on the validation split, or else on the train split out of fold."""
        if self.has_validation:
            probabilities = self.fit(settings).predict_proba(self._features_of(settings, "validation"))
            return multi_label_metrics(self._given["validation"][self._known["validation"]], probabilities)
        return multi_label_metrics(self._given["train"][self._known["train"]], self._held_out(settings))

    def answers_out_of_fold(self, settings: ClassifierSettings) -> dict[str, Prediction]:
        """Predictions of the training images by id: out of fold, where they have labels to learn from."""
        known, items = self._known["train"], self._features.items["train"]
        probabilities = np.empty((len(items), len(self._labels)))
        probabilities[known] = self._held_out(settings)
        if not known.all():
            probabilities[~known] = self.fit(settings).predict_proba(self._all_features(settings, "train")[~known])
        answers = (predictions.of_probabilities(self._labels, row) for row in probabilities)
        return {item.id: answer for item, answer in zip(items, answers, strict=True)}

    def _held_out(self, settings: ClassifierSettings) -> NDArray[np.float64]:
        """Out-of-fold probabilities of the training images with labels, computed once; copies are in one fold."""
        if settings not in self._out_of_fold:
            features, known = self._features_of(settings, "train"), self._known["train"]
            given = self._given["train"][known]
            groups = np.array([item.sha256 for item in self._features.items["train"]])[known]
            probabilities = np.full(given.shape, 0.5)
            folds = min(FOLDS, len(set(groups)))
            if folds > 1:  # of a single image nothing can be held out
                splitter = GroupKFold(folds, shuffle=True, random_state=self._features.seed)
                for learned, held_out in splitter.split(features, groups=groups):
                    fitted = _fit(features[learned], given[learned], settings.kind)
                    probabilities[held_out] = fitted.predict_proba(features[held_out])
            self._out_of_fold[settings] = probabilities
        return self._out_of_fold[settings]

    def _features_of(self, settings: ClassifierSettings, split: str) -> NDArray[np.float32]:
        """Of the images with labels."""
        return self._all_features(settings, split)[self._known[split]]

    def _all_features(self, settings: ClassifierSettings, split: str) -> NDArray[np.float32]:
        return np.asarray(self._features.at(settings.image_size)[split][0], np.float32)


def _with_logits(embedding: keras.Model, fitted: Pipeline) -> keras.Model:
    """The embedding with the fitted classifier as one dense layer: the scaler is folded into its weights."""
    scaler, classifiers = (step for _, step in fitted.steps)
    mean, scale, classifiers = np.asarray(scaler.mean_), np.asarray(scaler.scale_), classifiers.estimators_
    weights, offsets = np.zeros((len(mean), len(classifiers))), np.empty(len(classifiers))
    for place, classifier in enumerate(classifiers):
        if isinstance(classifier, LogisticRegression):
            weights[:, place] = np.ravel(classifier.coef_) / scale
            offsets[place] = np.ravel(classifier.intercept_)[0] - weights[:, place] @ mean
        else:  # what scikit-learn takes where all training images answer the same
            offsets[place] = -_NEVER if classifier.y_[0] else _NEVER
    logits = layers.Dense(len(classifiers), name="logits")
    network = keras.Model(embedding.inputs, logits(embedding.output))
    logits.set_weights([weights, offsets])
    return network


def _fit(features: NDArray[np.floating], given: NDArray[np.bool_], kind: HeadKind) -> Pipeline:
    """A classifier of features, float [N, F], and labels, bool [N, C]."""
    with warnings.catch_warnings():
        # A label that none of these images has, or that all have, gets a constant answer: as it should be.
        warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
        return make_pipeline(StandardScaler(), OneVsRestClassifier(kind.estimator())).fit(features, given.astype(int))
