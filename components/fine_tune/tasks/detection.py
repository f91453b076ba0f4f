"""Training of an object detector, from any checkpoint or from nothing, to a model folder."""

from pathlib import Path

import numpy as np

from ...data.dataset import Dataset
from ...data.items import Item
from ...models import predictions
from ...models.backbones import Backbone
from ...models.detection import detector as detectors
from ...models.detection.detector import Detector
from ...models.detection.export import ExportedDetector
from ...models.detection.labels import box_arrays
from ...models.detection.ssdlite import freeze_extra_norms
from ...models.detection.training import FeatureSource
from ...models.features import FeatureCache
from ...models.folder import ModelFolder
from ...models.image_data import decode_images
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.measured import measure_on_test
from ...models.training import set_seed
from ...models.views import boxes_of_views
from ..loop.workers import strategy
from ..own.module import OwnModule
from ..own.module import load as load_own
from ..restore.checkpoint import Checkpoint, no_checkpoint
from ..restore.variables import VariableRow
from ..settings.config import FineTuneConfig
from . import detection_levers as levers
from .detection_learner import DetectionLearner, LabelledFeatures, LabelledImages
from .image_items import training_and_validation_items
from .image_training import train_on_images
from .own_detector import own_detector
from .record import set_aside, trained_parameters, write_record
from .scratch import scratch_folder
from .weights import learned_rows, precision


def fine_tune_detector(
    dataset: Dataset, baseline: ModelFolder | None, output: Path, config: FineTuneConfig, place: str, log_dir: str
) -> ModelFolder:
    """Trains a detector on the train split and measures it on the test split.

    Args:
        dataset: of images with boxes.
        baseline: whose hyperparameters training starts from, where the levers do not say otherwise; None for none.
        output: the model folder to write.
        config: the levers; those that are None get the task's defaults.
        place: folder or gs:// URI of the checkpoints; "" to keep none.
        log_dir: folder or gs:// URI for TensorBoard; "" for none.

    Returns:
        The model folder, saved; without a usable box in the test split it has no metrics.

    Raises:
        InputError: the checkpoint or the levers cannot be used, or the data cannot be learned from.
    """
    set_seed(config.seed)
    own = load_own(config.module)
    training, validation, chosen_by = training_and_validation_items(dataset, config.validation_share, config.seed)
    levers.check(dataset.labels, training, config, own)
    checkpoint = levers.open_checkpoint(config)
    config, warm_start = levers.resolved(config, checkpoint, training, len(dataset.labels), baseline)
    with strategy().scope(), precision(config.mixed_precision):
        detector, rows = _first_weights(config, checkpoint, own, len(dataset.labels))
    with scratch_folder(place) as scratch:
        images = _labelled_images(training, dataset, detector, scratch)
        learner = DetectionLearner(
            detector,
            config,
            own,
            dataset.labels,
            images,
            _labelled_images(validation, dataset, detector, scratch),
            lambda views: _features(detector, images, views, config, scratch),
        )
        outcome = train_on_images(learner, images, config, dataset, own, place, log_dir)

    model = _describe(output, dataset, detector, checkpoint, config)
    notes = {"chosen_by": chosen_by, "warm_start": warm_start, "set_aside": set_aside(training, images.items)}
    model.parameters |= trained_parameters(config, outcome) | notes
    write_record(model, config, outcome, learned_rows(rows, detector.network, learner.stages, outcome.steps), own)
    _export(model, dataset, _in_full_precision(detector, config, own))
    model.save()
    return model


def _first_weights(
    config: FineTuneConfig, checkpoint: Checkpoint | None, own: OwnModule, num_classes: int
) -> tuple[Detector, list[VariableRow]]:
    """The detector before its first step, and where each of its variables comes from."""
    detector = _build(config, own, num_classes)
    if checkpoint is None:
        return detector, no_checkpoint(detector.backbone, detector.heads)
    rows = checkpoint.restore(detector.backbone, detector.heads, checkpoint.kind)
    if checkpoint.kind == "detection" and config.freeze_batch_norm:
        freeze_extra_norms(detector.heads)
    return detector, rows


def _build(config: FineTuneConfig, own: OwnModule, num_classes: int) -> Detector:
    return own_detector(
        detectors.build(config.architecture or "", num_classes, config.image_size or 0), own, num_classes
    )


def _features(
    detector: Detector, images: LabelledImages, views: int, config: FineTuneConfig, folder: Path
) -> LabelledFeatures:
    """What the frozen backbone makes of the training images, in several views."""
    cache = FeatureCache(detector.backbone, {"train": images.items}, folder, views, config.seed, config.augmentation)
    source = FeatureSource(cache.at(detector.image_size)["train"], np.arange(views * len(images.items)))
    return LabelledFeatures(source, boxes_of_views(images.truth, views, config.seed, config.augmentation))


def _labelled_images(items: list[Item], dataset: Dataset, detector: Detector, folder: Path) -> LabelledImages:
    items, pixels = decode_images(items, detector.image_size, folder)
    return LabelledImages(items, pixels, box_arrays(items, dataset.labels))


def _in_full_precision(detector: Detector, config: FineTuneConfig, own: OwnModule) -> Detector:
    """The detector to be exported: it computes in float32."""
    if config.mixed_precision == "none":
        return detector
    copy = _build(config, own, detector.network.outputs[0].shape[-1])
    copy.network.set_weights(detector.network.get_weights())
    return copy


def _describe(
    output: Path, dataset: Dataset, detector: Detector, checkpoint: Checkpoint | None, config: FineTuneConfig
) -> ModelFolder:
    """The model folder, not saved yet."""
    sentence = checkpoint.sentence if checkpoint else "Trained from nothing: no pretrained weights were given."
    backbone = Backbone(detector.backbone, detector.image_size, sentence, checkpoint is not None)
    parameters = {"architecture": detector.architecture}
    return image_model(output, "custom detector", dataset, backbone, parameters, config.seed)


def _export(model: ModelFolder, dataset: Dataset, detector: Detector) -> None:
    """Writes the SavedModel and what it predicts of the test split, and measures that."""
    exported = ExportedDetector(detector.network, detector.image_size, detector.anchors.boxes)
    exported.save(model.saved_model, dataset.labels)
    found = dict(predict_images(exported.predict, dataset.task, dataset.labels, dataset.items("test")))
    predictions.write(model.predictions("test"), found.items())
    if any(item.usable_boxes() for item in dataset.items("test")):
        measure_on_test(model, dataset, found)
