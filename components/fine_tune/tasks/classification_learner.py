"""What the loop trains for image classification: batches, losses, and metrics on held-out images."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays as arguments.
# pyright: reportArgumentType=false

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...data.items import Item
from ...models.augment import DRAWN, augment_images
from ...models.image_input import scaled
from ...models.metrics import classification_metrics
from ...models.multi_label_metrics import label_matrix, multi_label_metrics
from ..loop.learner import Batch, Stage, WeightedSum
from ..own.module import OwnModule
from ..own.outputs import augmented, measured, weighted
from ..settings.config import FineTuneConfig
from .classification_network import Classifier
from .image_stages import Examples, feature_views, image_stages

PREDICTED_IMAGES = 32


@dataclass(frozen=True)
class LabelledImages:
    """N images at the network's size.

    Attributes:
        items: in their order.
        pixels: uint8 [N, S, S, 3].
        targets: the place of each one's label, int32 [N]; where images have several, 1 for each label that it has,
            float32 [N, C].
    """

    items: Sequence[Item]
    pixels: NDArray[np.uint8]
    targets: NDArray[Any]


def targets_of(items: Sequence[Item], labels: Sequence[str], is_multi_label: bool) -> NDArray[Any]:
    """`LabelledImages.targets` of labelled items."""
    given = label_matrix(labels, (item.labels for item in items)).reshape(len(items), len(labels))
    return given.astype(np.float32) if is_multi_label else given.argmax(axis=1).astype(np.int32)


class ClassificationLearner:
    """One classifier, its images and its losses; a `loop.learner.Learner`."""

    def __init__(
        self,
        classifier: Classifier,
        config: FineTuneConfig,
        own: OwnModule,
        labels: Sequence[str],
        training: LabelledImages,
        validation: LabelledImages,
        features: Callable[[int], NDArray[np.floating]],
    ) -> None:
        """Prepares the stages.

        Args:
            classifier: with its first weights.
            config: resolved.
            own: the team's own losses, augmentation and metrics, in place of ours or beside them.
            labels: C labels, in the order of the logits.
            training: to learn from.
            validation: to choose the best weights by; may be empty.
            features: computes what the frozen backbone makes of so many views of the training images, [views * N, F],
                view by view; called at most once.
        """
        self._classifier, self._config, self._own, self._labels = classifier, config, own, labels
        self._training, self._validation, self._features = training, validation, features
        self._is_multi_label = training.targets.ndim == 2
        # As the baselines' searches judge: by what tells two models apart that are right equally often.
        metric, higher_is_better = ("map", True) if self._is_multi_label else ("log_loss", False)
        self.metric, self.higher_is_better = own.chosen_by(metric, higher_is_better)
        self.stages = self._stages()

    @property
    def network(self) -> keras.Model:
        """The classifier's."""
        return self._classifier.network

    def _stages(self) -> list[Stage]:
        """The head alone, then with the backbone; of a whole own model, all of it from the start."""
        count, backbone, heads = len(self._training.targets), self._classifier.backbone, self._classifier.heads
        images = Examples(count, self._fetch_images, self._losses_of_images)
        if backbone is None:
            variables = heads.trainable_variables
            return [Stage("all", 0, lambda: None, variables, [], count, images.fetch, images.losses)]
        self._views = feature_views(self._config, backbone, self._classifier.image_size, count, self._own)
        features = Examples(count * self._views, self._fetch_features, self._losses_of_features)
        return image_stages(self._config, backbone, heads, features if self._views else images, images)

    def validate(self) -> dict[str, float]:
        """Metrics of the validation images, the team's own among them; nothing where there are none."""
        pixels, targets = self._validation.pixels, self._validation.targets
        if not len(targets):
            return {}
        starts = range(0, len(targets), PREDICTED_IMAGES)
        answers = [self._answer(tf.constant(pixels[start : start + PREDICTED_IMAGES])) for start in starts]
        outputs = {name: np.concatenate([each[name].numpy() for each in answers]) for name in answers[0]}
        return self._measured(outputs["logits"]) | measured(self._own, targets, outputs)

    def _measured(self, logits: NDArray[np.float32]) -> dict[str, float]:
        targets = self._validation.targets
        if self._is_multi_label:
            return multi_label_metrics(targets > 0, tf.sigmoid(logits).numpy())
        probabilities = tf.nn.softmax(logits).numpy().astype(np.float64)
        return classification_metrics([self._labels[place] for place in targets], probabilities, self._labels)

    @cached_property
    def _answer(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """The outputs for images, uint8 [N, S, S, 3]."""

        @tf.function(reduce_retracing=True)
        def answer(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
            return _in_float32(self.network(scaled(pixels), training=False))

        return answer

    def _fetch_images(self, places: NDArray[np.int64]) -> Batch:
        return {"images": self._training.pixels[places], "targets": self._training.targets[places]}

    def _fetch_features(self, places: NDArray[np.int64]) -> Batch:
        targets = self._training.targets[places % len(self._training.targets)]
        return {"features": self._computed[places], "targets": targets}

    @cached_property
    def _computed(self) -> NDArray[np.floating]:
        return self._features(self._views)

    def _losses_of_images(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, WeightedSum]:
        images, targets = batch["images"], batch["targets"]
        images, _, _ = augment_images(images, None, None, batch["draws"], self._config.augmentation)
        if self._own.augment:
            images, targets = augmented(self._own, images, targets, batch["draws"][:, DRAWN:])
        return self._losses(self.network(scaled(images), training=True), targets)

    def _losses_of_features(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, WeightedSum]:
        features = tf.cast(batch["features"], tf.float32)
        return self._losses(self._classifier.heads(features, training=True), batch["targets"])

    def _losses(self, outputs: Mapping[str, tf.Tensor], targets: tf.Tensor) -> Mapping[str, WeightedSum]:
        outputs = _in_float32(outputs)
        if self._own.losses:
            return weighted(self._own.losses(outputs, targets), self._own.loss_weights)
        if self._is_multi_label:
            errors = tf.nn.sigmoid_cross_entropy_with_logits(targets, outputs["logits"])
            return weighted({"cross_entropy": tf.reduce_mean(errors, -1)}, {})
        errors = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs["logits"])
        return weighted({"cross_entropy": errors}, {})


def _in_float32(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: tf.cast(each, tf.float32) for name, each in outputs.items()}
