"""What a detector's training is asked for: data and levers are checked, and the levers that nobody set filled in."""

from collections.abc import Sequence

from ...data.items import Item, Task
from ...errors import InputError
from ...models.detection import detector as detectors
from ...models.folder import ModelFolder
from ..own.module import OwnModule
from ..restore.checkpoint import Checkpoint
from ..settings.config import FineTuneConfig
from ..settings.warm_start import from_baseline
from .image_levers import check_image_levers, image_defaults
from .image_size import fitting_image_size
from .weights import check_norms, open_given_checkpoint

# Heads that begin anew learn faster than those of a checkpoint, which have less to learn.
LEARNING_RATE, RATE_OF_RESTORED_HEADS = 3e-3, 1e-3


def check(labels: Sequence[str], training: Sequence[Item], config: FineTuneConfig, own: OwnModule) -> None:
    """Refuses data and levers that no detector can be trained with, before anything costly is done.

    Raises:
        InputError: they cannot be used.
    """
    check_image_levers(config, len(labels), own)
    boxed = {box.label for item in training for box in item.usable_boxes()}
    if not boxed:
        raise InputError("the train split has no usable box: add labelled boxes to the data")
    if absent := [label for label in labels if label not in boxed]:
        print(f"No training box has the label {', '.join(absent)}: the model cannot learn it.", flush=True)


def open_checkpoint(config: FineTuneConfig) -> Checkpoint | None:
    """The checkpoint, with as much of it as the architecture has room for; None for a training from nothing.

    Raises:
        InputError: it cannot be read, has no heads although the levers ask for them, or there is no such architecture.
    """
    wanted = detectors.backbone_of(config.architecture or detectors.SSDLITE)
    kind = None if config.fine_tune_checkpoint_type == "none" else config.fine_tune_checkpoint_type
    checkpoint = open_given_checkpoint(config, wanted.name, kind)
    is_of_another = checkpoint and config.architecture and not config.architecture.startswith(checkpoint.heads)
    if checkpoint and is_of_another and kind is None:
        return open_given_checkpoint(config, wanted.name, "classification")
    return checkpoint


def resolved(
    config: FineTuneConfig,
    checkpoint: Checkpoint | None,
    training: Sequence[Item],
    num_classes: int,
    baseline: ModelFolder | None,
) -> tuple[FineTuneConfig, str]:
    """The levers with all defaults filled in, and what the baseline's hyperparameters had to do with it.

    Args:
        config: what the user set.
        checkpoint: of `open_checkpoint`.
        training: images to learn from, with a usable box among them.
        num_classes: of the data.
        baseline: whose hyperparameters training starts from; None for none.

    Raises:
        InputError: a lever does not go with the checkpoint.
    """
    usual = detectors.detector_on(checkpoint.architecture, checkpoint.heads) if checkpoint else "fpnlite_compact"
    architecture, kind = config.architecture or usual, checkpoint.kind if checkpoint else "none"
    found, sentence = from_baseline(baseline, Task.OBJECT_DETECTION, heads_begin_anew=kind != "detection")
    config = config.with_defaults(**found)
    rate = RATE_OF_RESTORED_HEADS if kind == "detection" else LEARNING_RATE
    values = {
        **image_defaults(config, len(training), checkpoint is not None, rate),
        "architecture": architecture,
        "image_size": fitting_image_size(training, detectors.backbone_of(architecture).image_size),
        "num_classes": num_classes,
        "fine_tune_checkpoint_type": kind,
    }
    config = config.with_defaults(**values)
    check_norms(config, checkpoint)
    return config, sentence
