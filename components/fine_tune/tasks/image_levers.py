"""The levers of trainings on images: which go together, and what they are where nobody set them."""

from typing import Any

from ...errors import InputError
from ..own.module import OwnModule
from ..settings.config import FineTuneConfig

BATCH_SIZE = 16
# Passes over the training images, within so many steps.
_PASSES = {True: 40, False: 100}
_FEWEST_STEPS, _MOST_STEPS = 400, 10_000
# Share of the steps in which a pretrained backbone stays frozen, so that untrained heads do not spoil it.
HEADS_ONLY = 0.1
# At the full rate a pretrained backbone forgets faster than the heads learn.
_BACKBONE_SHARE = 0.3
_WARM_UP = 0.05
_EVALUATIONS = 15

# What is of no use to a team's own whole model.
_OF_OUR_NETWORKS = ("fine_tune_checkpoint", "unfreeze_at_step", "unfreeze_from", "freeze_batch_norm")


def check_image_levers(config: FineTuneConfig, num_classes: int, own: OwnModule) -> None:
    """Refuses levers that do not go with the data or the own module.

    Args:
        config: what the user set.
        num_classes: of the data.
        own: the team's own module.

    Raises:
        InputError: they do not.
    """
    if config.num_classes not in (None, num_classes):
        raise InputError(f"num_classes is {config.num_classes}, but the data have {num_classes} labels: leave it out")
    if own.build_model and (given := [name for name in _OF_OUR_NETWORKS if getattr(config, name)]):
        raise InputError(f"{given[0]} is set, but {own.location} builds the whole model: load and freeze weights there")


def image_defaults(config: FineTuneConfig, images: int, pretrained: bool, learning_rate: float) -> dict[str, Any]:
    """Values for `FineTuneConfig.with_defaults`.

    Args:
        config: what the user set, on which other defaults depend.
        images: in the train split.
        pretrained: whether the backbone's weights come from a checkpoint.
        learning_rate: of the task.
    """
    batch_size = config.batch_size or BATCH_SIZE
    rate = config.learning_rate or learning_rate
    steps = config.num_steps or min(max(_PASSES[pretrained] * images // batch_size, _FEWEST_STEPS), _MOST_STEPS)
    return {
        "batch_size": batch_size,
        "num_steps": steps,
        "learning_rate": rate,
        "ema_decay": 0.0,
        "warmup_steps": max(1, round(_WARM_UP * steps)),
        "decay_steps": max(1, steps // 3),
        "unfreeze_at_step": round(HEADS_ONLY * steps) if pretrained else 0,
        "backbone_learning_rate_factor": min(1.0, _BACKBONE_SHARE * learning_rate / rate) if pretrained else 1.0,
        "freeze_batch_norm": pretrained,
        "evaluate_every": max(1, steps // _EVALUATIONS),
        "checkpoint_every": max(1, steps // _EVALUATIONS),
        "early_stopping_patience": 0,
    }
