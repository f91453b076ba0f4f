"""Training of an image classifier, of one label or several, from any checkpoint or from nothing, to a model folder."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Item
from ...models import metrics, predictions
from ...models.backbones import Backbone
from ...models.features import FeatureCache
from ...models.folder import ModelFolder
from ...models.image_classifier import ExportedClassifier
from ...models.image_data import decode_images
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.measured import measure_on_test
from ...models.training import set_seed
from ..loop.workers import strategy
from ..own import module as own_module
from ..own.module import OwnModule
from ..restore.checkpoint import Checkpoint, no_checkpoint
from ..restore.variables import VariableRow
from ..settings.config import FineTuneConfig
from . import classification_levers as levers
from . import classification_network as classifiers
from .classification_learner import ClassificationLearner, LabelledImages, targets_of
from .classification_network import Classifier
from .image_items import training_and_validation_items
from .image_training import train_on_images
from .record import set_aside, trained_parameters, write_record
from .scratch import scratch_folder
from .weights import learned_rows, precision


def fine_tune_classifier(
    dataset: Dataset, baseline: ModelFolder | None, output: Path, config: FineTuneConfig, place: str, log_dir: str
) -> ModelFolder:
    """Trains a classifier on the train split and measures it on the test split.

    Args:
        dataset: of images; those without a label are not learned from. Where some have several labels, each label is
            a question of its own.
        baseline: whose hyperparameters training starts from, where the levers do not say otherwise; None for none.
        output: the model folder to write.
        config: the levers; those that are None get the task's defaults.
        place: folder or gs:// URI of the checkpoints; "" to keep none.
        log_dir: folder or gs:// URI for TensorBoard; "" for none.

    Returns:
        The model folder, saved; without a label in the test split it has no metrics.

    Raises:
        InputError: the checkpoint, the levers or the own module cannot be used, or the data cannot be learned from.
    """
    set_seed(config.seed)
    own = own_module.load(config.module)
    training, validation, chosen_by = training_and_validation_items(dataset, config.validation_share, config.seed)
    training, validation = (levers.learnable_items(items, dataset) for items in (training, validation))
    levers.check(dataset, training, config, own)
    checkpoint = levers.open_backbone(config)
    config, warm_start = levers.resolved(config, checkpoint, len(training), len(dataset.labels), baseline, own)
    with strategy().scope(), precision(config.mixed_precision):
        classifier, rows = _first_weights(config, checkpoint, own, len(dataset.labels))
    with scratch_folder(place) as scratch:
        images = _labelled_images(training, dataset, classifier, scratch)
        learner = ClassificationLearner(
            classifier,
            config,
            own,
            dataset.labels,
            images,
            _labelled_images(validation, dataset, classifier, scratch),
            lambda views: _features(classifier, images.items, views, config, scratch),
        )
        outcome = train_on_images(learner, images, config, dataset, own, place, log_dir)

    model = _describe(output, dataset, classifier, checkpoint, config)
    notes = {"chosen_by": chosen_by, "warm_start": warm_start, "set_aside": set_aside(training, images.items)}
    model.parameters |= trained_parameters(config, outcome) | notes
    write_record(model, config, outcome, learned_rows(rows, classifier.network, learner.stages, outcome.steps), own)
    _export(model, dataset, _in_full_precision(classifier, config, own), classifier.image_size)
    model.save()
    return model


def _first_weights(
    config: FineTuneConfig, checkpoint: Checkpoint | None, own: OwnModule, num_classes: int
) -> tuple[Classifier, list[VariableRow]]:
    """The classifier before its first step, and where each of its variables comes from."""
    classifier = classifiers.build(config.architecture or "", num_classes, config.image_size or 0, own)
    if classifier.backbone is None:
        return classifier, no_checkpoint(None, classifier.heads)
    if checkpoint is None:
        return classifier, no_checkpoint(classifier.backbone, classifier.heads)
    return classifier, checkpoint.restore(classifier.backbone, classifier.heads, "classification")


def _labelled_images(items: Sequence[Item], dataset: Dataset, classifier: Classifier, folder: Path) -> LabelledImages:
    kept, pixels = decode_images(items, classifier.image_size, folder)
    return LabelledImages(kept, pixels, targets_of(kept, dataset.labels, dataset.is_multi_label))


def _features(
    classifier: Classifier, items: Sequence[Item], views: int, config: FineTuneConfig, folder: Path
) -> NDArray[np.float16]:
    """What the frozen backbone makes of the training images, [views * N, F]."""
    assert classifier.backbone is not None
    cache = FeatureCache(classifier.backbone, {"train": items}, folder, views, config.seed, config.augmentation)
    return cache.at(classifier.image_size)["train"][0]


def _in_full_precision(classifier: Classifier, config: FineTuneConfig, own: OwnModule) -> keras.Model:
    """From images to logits, computed in float32."""
    if config.mixed_precision == "none":
        return classifier.logits
    num_classes = classifier.network.output["logits"].shape[-1]
    copy = classifiers.build(config.architecture or "", num_classes, classifier.image_size, own)
    copy.network.set_weights(classifier.network.get_weights())
    return copy.logits


def _describe(
    output: Path, dataset: Dataset, classifier: Classifier, checkpoint: Checkpoint | None, config: FineTuneConfig
) -> ModelFolder:
    """The model folder, not saved yet."""
    sentence = checkpoint.sentence if checkpoint else "Trained from nothing: no pretrained weights were given."
    backbone = Backbone(classifier.network, classifier.image_size, sentence, checkpoint is not None)
    return image_model(
        output, "custom classifier", dataset, backbone, {"architecture": classifier.architecture}, config.seed
    )


def _export(model: ModelFolder, dataset: Dataset, network: keras.Model, image_size: int) -> None:
    """Writes the SavedModel and what it predicts of the test split, and measures that."""
    exported = ExportedClassifier(network, image_size, dataset.is_multi_label)
    exported.save(model.saved_model, dataset.labels)
    found = dict(predict_images(exported.predict, dataset.task, dataset.labels, dataset.items("test")))
    predictions.write(model.predictions("test"), found.items())
    if metrics.truths(dataset, "test"):
        measure_on_test(model, dataset, found)
