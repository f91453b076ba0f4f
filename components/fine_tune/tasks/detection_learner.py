"""What the loop trains for object detection: batches, losses, and average precision on held-out images."""

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

from ...data.items import Item, Task
from ...models.augment import DRAWN, augment_images
from ...models.detection.detector import Detector
from ...models.detection.labels import BoxArrays
from ...models.detection.losses import image_losses
from ...models.detection.postprocess import postprocess
from ...models.detection.training import FeatureSource
from ...models.detection_metrics import detection_metrics
from ...models.image_input import scaled
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ..loop.learner import Batch, WeightedSum
from ..own.module import OwnModule
from ..own.outputs import augmented, measured, weighted
from ..settings.config import FineTuneConfig
from .image_stages import Examples, feature_views, image_stages

PREDICTED_IMAGES = 16


@dataclass(frozen=True)
class LabelledImages:
    """N images at the network's size.

    Attributes:
        items: in their order.
        pixels: uint8 [N, S, S, 3].
        truth: their boxes.
    """

    items: Sequence[Item]
    pixels: NDArray[np.uint8]
    truth: BoxArrays


@dataclass(frozen=True)
class LabelledFeatures:
    """What the frozen backbone makes of training images, once for each of their views.

    Attributes:
        source: N of them.
        truth: their boxes.
    """

    source: FeatureSource
    truth: BoxArrays


class DetectionLearner:
    """One detector, its images and its losses; a `loop.learner.Learner`."""

    def __init__(
        self,
        detector: Detector,
        config: FineTuneConfig,
        own: OwnModule,
        labels: Sequence[str],
        training: LabelledImages,
        validation: LabelledImages,
        features: Callable[[int], LabelledFeatures],
    ) -> None:
        """Prepares the stages.

        Args:
            detector: with its first weights.
            config: resolved.
            own: the team's own losses, augmentation and metrics, in place of ours or beside them.
            labels: in the order of the detector's classes.
            training: to learn from.
            validation: to choose the best weights by; may be empty.
            features: computes what is learned from while the whole backbone is frozen, in so many views of each
                image; called at most once.
        """
        self._detector, self._config, self._own, self._labels = detector, config, own, labels
        self._training, self._validation, self._features = training, validation, features
        self.metric, self.higher_is_better = own.chosen_by("ap", higher_is_better=True)
        self._anchors = tf.constant(detector.anchors.boxes)
        count = len(training.items)
        self._views = feature_views(config, detector.backbone, detector.image_size, count, own)
        by_features = Examples(count * self._views, self._fetch_features, self._losses_of_features)
        by_images = Examples(count, self._fetch_images, self._losses_of_images)
        heads_alone = by_features if self._views else by_images
        self.stages = image_stages(config, detector.backbone, detector.heads, heads_alone, by_images)

    @property
    def network(self) -> keras.Model:
        """The detector's."""
        return self._detector.network

    def _fetch_images(self, places: NDArray[np.int64]) -> Batch:
        return {"images": self._training.pixels[places], **_fitting(self._training.truth.take(places))}

    def _fetch_features(self, places: NDArray[np.int64]) -> Batch:
        features = self._computed
        maps = features.source.fetch(places)
        return {**_fitting(features.truth.take(places)), **{f"map_{level}": each for level, each in enumerate(maps)}}

    @cached_property
    def _computed(self) -> LabelledFeatures:
        return self._features(self._views)

    def _losses_of_images(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, WeightedSum]:
        images, boxes, labels = augment_images(
            batch["images"], batch["boxes"], batch["labels"], batch["draws"], self._config.augmentation
        )
        if self._own.augment:
            targets = {"boxes": boxes, "labels": labels}
            images, targets = augmented(self._own, images, targets, batch["draws"][:, DRAWN:])
            boxes, labels = targets["boxes"], targets["labels"]
        return self._losses(self.network(scaled(images), training=True), boxes, labels)

    def _losses_of_features(self, batch: Mapping[str, tf.Tensor]) -> Mapping[str, WeightedSum]:
        maps = [tf.cast(batch[f"map_{level}"], tf.float32) for level in range(len(self._detector.backbone.outputs))]
        return self._losses(self._detector.heads(maps, training=True), batch["boxes"], batch["labels"])

    def _losses(self, outputs: Any, boxes: tf.Tensor, labels: tf.Tensor) -> Mapping[str, WeightedSum]:
        logits, codes = (tf.cast(each, tf.float32) for each in outputs)
        labels, boxes = self._detector.assign(boxes, labels)
        if self._own.losses:
            targets = {"labels": labels, "boxes": boxes, "anchors": self._anchors}
            return weighted(self._own.losses({"logits": logits, "codes": codes}, targets), self._own.loss_weights)
        config = self._config
        losses = image_losses(logits, codes, self._anchors, labels, boxes, config.focal_alpha, config.focal_gamma)
        # An image without a box counts as one with a single anchor.
        count = tf.reduce_sum(tf.maximum(losses.anchors, 1.0))
        return {
            "classification": _weighted_sum(config.classification_loss_weight, losses.classification, count),
            "localisation": _weighted_sum(config.localization_loss_weight, losses.localisation, count),
        }

    def validate(self) -> dict[str, float]:
        """`ap`, `ap50`, `ap75` and the team's own metrics on the validation images; nothing where they have no box."""
        items = self._validation.items
        if not any(item.usable_boxes() for item in items):
            return {}
        found: dict[str, Prediction] = {}
        for start in range(0, len(items), PREDICTED_IMAGES):
            outputs = self._detect(tf.constant(self._validation.pixels[start : start + PREDICTED_IMAGES]))
            arrays = {name: each.numpy() for name, each in outputs.items()}
            answers = to_predictions(Task.OBJECT_DETECTION, self._labels, arrays)
            found |= {item.id: answer for item, answer in zip(items[start:], answers, strict=False)}
        targets = {item.id: item.usable_boxes() for item in items}
        return detection_metrics(items, found, self._labels) | measured(self._own, targets, found)

    @cached_property
    def _detect(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """The boxes of images, uint8 [N, S, S, 3], as the exported model gives them."""

        @tf.function(reduce_retracing=True)
        def detect(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
            logits, codes = (tf.cast(each, tf.float32) for each in self.network(scaled(pixels), training=False))
            return postprocess(logits, codes, self._anchors)

        return detect


def _weighted_sum(weight: float, losses: tf.Tensor, count: tf.Tensor) -> WeightedSum:
    return WeightedSum(weight * tf.reduce_sum(losses), count)


def _fitting(truth: BoxArrays) -> Batch:
    """The boxes of a batch without the padding that none of its images needs; room for a power of two of them."""
    places = np.arange(1, truth.labels.shape[1] + 1)
    last = int((places * (truth.labels >= 0)).max(initial=1))
    room = 2 ** (last - 1).bit_length()
    return {"boxes": truth.boxes[:, :room], "labels": truth.labels[:, :room]}
