"""The stages of training on images: heads alone on features computed once, then more and more of the backbone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...errors import InputError
from ...models.detection.network import NORM_MOMENTUM
from ...models.features import affordable_views
from ...models.training import quicken_norms
from ..loop.learner import Batch, Stage, WeightedSum
from ..own.module import OwnModule
from ..settings.config import FineTuneConfig

MOST_VIEWS = 4


@dataclass(frozen=True)
class Examples:
    """How training examples come, and what is made small; see `Stage` for the fields."""

    count: int
    fetch: Callable[[NDArray[np.int64]], Batch]
    losses: Callable[[Mapping[str, tf.Tensor]], Mapping[str, WeightedSum]]


def feature_views(config: FineTuneConfig, backbone: keras.Model, image_size: int, images: int, own: OwnModule) -> int:
    """In how many views the frozen backbone sees each training image, once and for all.

    Half as many as the heads alone take passes over the images, so that the backbone runs half as often; one where no
    augmentation makes them differ.

    Args:
        config: resolved.
        backbone: from images to features.
        image_size: height and width in pixels.
        images: number of training images.
        own: whose augmentation changes images in every step.

    Returns:
        0 where features cannot be kept: the backbone then runs in every step.
    """
    if own.augment:
        return 0
    passes = _unfreezing(config)[0][0] * (config.batch_size or 1) / images
    most = MOST_VIEWS if any(config.augmentation.model_dump().values()) else 1
    return affordable_views(backbone, image_size, images, min(most, max(1, int(passes / 2))))


def image_stages(
    config: FineTuneConfig, backbone: keras.Model, heads: keras.Model, features: Examples, images: Examples
) -> list[Stage]:
    """Stages by the levers `unfreeze_at_step`, `unfreeze_from` and `freeze_batch_norm`.

    Args:
        config: resolved.
        backbone: from images to features; its layers are frozen and unfrozen.
        heads: from features to outputs.
        features: what the stage with a wholly frozen backbone learns from.
        images: what the other stages learn from.

    Raises:
        InputError: `unfreeze_from` names no layer of the backbone.
    """
    if not config.freeze_batch_norm:
        quicken_norms(backbone, NORM_MOMENTUM)
    unfreezing = _unfreezing(config)
    stages = []
    if unfreezing[0][0] > 0:
        stages.append(_stage("heads", 0, None, config, backbone, heads, features))
    for step, layer in unfreezing:
        if step < (config.num_steps or 0):
            name = f"from {layer}" if layer else "all"
            stages.append(_stage(name, step, layer, config, backbone, heads, images))
    return stages


def _unfreezing(config: FineTuneConfig) -> list[tuple[int, str]]:
    """From which step on the backbone is learned from which layer on; "" is its first."""
    steps, layers = config.unfreeze_at_step, config.unfreeze_from
    steps = steps if isinstance(steps, list) else [steps or 0]
    layers = layers if isinstance(layers, list) else [layers] * len(steps)
    return list(zip(steps, layers, strict=True))


def _stage(
    name: str,
    first_step: int,
    layer: str | None,
    config: FineTuneConfig,
    backbone: keras.Model,
    heads: keras.Model,
    examples: Examples,
) -> Stage:
    def begin() -> None:
        freeze_below(backbone, layer, bool(config.freeze_batch_norm))

    begin()
    return Stage(
        name=name,
        first_step=first_step,
        begin=begin,
        heads=heads.trainable_variables,
        backbone=backbone.trainable_variables,
        count=examples.count,
        fetch=examples.fetch,
        losses=examples.losses,
    )


def freeze_below(backbone: keras.Model, layer: str | None, freeze_batch_norm: bool) -> None:
    """Freezes the layers before one, and unfreezes it and those after it.

    Args:
        backbone: changed in place.
        layer: name of the first layer to learn; "" for all, None for none.
        freeze_batch_norm: whether batch normalisations stay frozen: in Keras that is inference mode, and neither scale
            nor offset is learned (https://keras.io/api/layers/normalization_layers/batch_normalization).

    Raises:
        InputError: the backbone has no such layer.
    """
    every = list(_layers(backbone))
    names = [each.name for each in every]
    if layer and layer not in names:
        raise InputError(
            f"unfreeze_from is {layer!r}, which is no layer of {backbone.name}: give one of its {len(names)} layers, "
            f"such as {names[len(names) // 2]}, {names[-1]}; variables.json of a training lists them all."
        )
    first = len(every) if layer is None else names.index(layer) if layer else 0
    for place, each in enumerate(every):
        is_norm = isinstance(each, keras.layers.BatchNormalization)
        each.trainable = place >= first and not (is_norm and freeze_batch_norm)


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the layers of a network, those of networks inside it in their place."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            layer.trainable = True  # or it would overrule the layers in it
            yield from _layers(layer)
        else:
            yield layer
