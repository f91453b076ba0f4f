"""What a classifier's training is asked for: data and levers are checked, and the levers that nobody set filled in."""

from collections.abc import Sequence

from ...data.dataset import Dataset
from ...data.items import Item, Task
from ...errors import InputError
from ...models.architectures import MOBILENET_V2
from ...models.folder import ModelFolder
from ..own.module import OwnModule
from ..restore.checkpoint import Checkpoint
from ..settings.config import FineTuneConfig
from ..settings.warm_start import from_baseline
from . import classification_network as classifiers
from .image_levers import check_image_levers, image_defaults
from .weights import check_norms, open_given_checkpoint

_RATE, _PRETRAINED_RATE = 3e-3, 1e-3
_OF_BOXES = ("focal_alpha", "focal_gamma", "classification_loss_weight", "localization_loss_weight")


def learnable_items(items: Sequence[Item], dataset: Dataset) -> list[Item]:
    """The images with labels: one, where the data set is not of several."""
    return [item for item in items if item.labels and (dataset.is_multi_label or len(item.labels) == 1)]


def check(dataset: Dataset, training: Sequence[Item], config: FineTuneConfig, own: OwnModule) -> None:
    """Refuses data and levers that no classifier can be trained with, before anything costly is done.

    Raises:
        InputError: they cannot be used.
    """
    check_image_levers(config, len(dataset.labels), own)
    if boxes := [name for name in _OF_BOXES if name in config.model_fields_set]:
        raise InputError(f"{boxes[0]} is set, but a classifier has no boxes to predict: leave it out")
    if config.fine_tune_checkpoint_type == "detection":
        raise InputError(
            "fine_tune_checkpoint_type is detection, but a classifier has no boxes to predict: use classification, "
            "which restores a checkpoint's backbone"
        )
    if own.build_model and config.architecture:
        raise InputError(f"architecture is set, but {own.location} builds the whole model: leave one out")
    present = {label for item in training for label in item.labels}
    if len(present) < 2:
        raise InputError(
            f"the train images have {len(present)} of the labels, so there is nothing to tell apart: add some"
        )
    if absent := [label for label in dataset.labels if label not in present]:
        print(f"No training image has the label {', '.join(absent)}: the model cannot learn it.", flush=True)


def open_backbone(config: FineTuneConfig) -> Checkpoint | None:
    """The checkpoint whose backbone is restored; None for a training from nothing.

    Raises:
        InputError: it cannot be read, or no classifier is called like the lever `architecture`.
    """
    wanted = classifiers.backbone_of(config.architecture) if config.architecture else MOBILENET_V2
    return open_given_checkpoint(config, wanted.name, "classification")


def resolved(
    config: FineTuneConfig,
    checkpoint: Checkpoint | None,
    images: int,
    num_classes: int,
    baseline: ModelFolder | None,
    own: OwnModule,
) -> tuple[FineTuneConfig, str]:
    """The levers with all defaults filled in, and what the baseline's hyperparameters had to do with it.

    Args:
        config: what the user set.
        checkpoint: of `open_backbone`.
        images: to learn from.
        num_classes: of the data.
        baseline: whose hyperparameters training starts from; None for none.
        own: whose whole model makes the levers of ours meaningless.

    Raises:
        InputError: a lever does not go with the checkpoint.
    """
    found, sentence = from_baseline(baseline, Task.IMAGE_CLASSIFICATION)
    config = config.with_defaults(**found)
    values = image_defaults(config, images, checkpoint is not None, _PRETRAINED_RATE if checkpoint else _RATE)
    if own.build_model:
        values |= {"architecture": "", "image_size": classifiers.OWN_IMAGE_SIZE}
    else:
        usual = classifiers.classifier_on(checkpoint.architecture if checkpoint else "compact")
        architecture = config.architecture or usual
        values |= {"architecture": architecture, "image_size": classifiers.backbone_of(architecture).image_size}
    values |= {"num_classes": num_classes, "fine_tune_checkpoint_type": "classification" if checkpoint else "none"}
    config = config.with_defaults(**values)
    check_norms(config, checkpoint)
    return config, sentence
