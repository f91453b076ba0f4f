"""What a team's own functions give back, checked and put into the loop's terms."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import InputError
from ...models.metrics import HIGHER_IS_BETTER
from ..loop.learner import WeightedSum
from .module import OwnModule


def named_outputs(outputs: Any, num_outputs: int, where: str) -> dict[str, Any]:
    """The outputs of an own head or model by name.

    Args:
        outputs: a tensor, which is `logits`, or a dict of tensors.
        num_outputs: C, the last dimension that the logits must have.
        where: whose they are, such as `losses.py: build_head`.

    Returns:
        `logits` [N, ..., C] and whatever else there is.

    Raises:
        InputError: there are no logits, or they have another shape.
    """
    named = dict(outputs) if isinstance(outputs, Mapping) else {"logits": outputs}
    if "logits" not in named:
        raise InputError(f"{where} gives {', '.join(named) or 'nothing'}: one output must be called logits")
    shape = getattr(named["logits"], "shape", None)
    if shape is None or len(shape) < 2 or shape[-1] != num_outputs:
        raise InputError(f"{where} gives logits of the shape {shape}: the last dimension must be {num_outputs}")
    return named


def own_head(own: OwnModule, num_outputs: int) -> Callable[[Any], dict[str, Any]] | None:
    """The module's `build_head`, from features to outputs by name; None where it has none."""
    build_head = own.build_head
    if not build_head:
        return None
    return lambda features: named_outputs(build_head(features, num_outputs), num_outputs, f"{own.location}: build_head")


def augmented(own: OwnModule, images: tf.Tensor, targets: Any, draws: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """What the module's `augment` makes of a batch.

    Args:
        own: it has that function.
        images: float32 [N, S, S, 3], 0..255.
        targets: a tensor, or a dict of tensors, as the task defines them.
        draws: float32 [N, D], 0..1.

    Raises:
        InputError: it gives something else than images of that shape, and targets of the same names.
    """
    assert own.augment
    where, found = f"{own.location}, in augment", own.augment(images, targets, draws)
    if not isinstance(found, tuple) or len(found) != 2:
        raise InputError(f"{where}: the result is {type(found).__name__}, but should be images and targets")
    changed, kept = tf.cast(found[0], tf.float32), found[1]
    if not changed.shape.is_compatible_with((None, *images.shape[1:])):
        raise InputError(f"{where}: images have the shape {changed.shape}, but should keep {images.shape}")
    if isinstance(targets, Mapping) and not (isinstance(kept, Mapping) and kept.keys() >= targets.keys()):
        raise InputError(f"{where}: the targets should be a dict of {' and '.join(targets)}")
    return changed, kept


def weighted(losses: Mapping[str, tf.Tensor], weights: Mapping[str, float]) -> dict[str, WeightedSum]:
    """The mean of each loss over the examples, times its weight.

    Args:
        losses: by name, [N], one value per example.
        weights: by the losses' names; 1 where a loss has none.

    Raises:
        InputError: a loss has another shape, or a weight belongs to no loss.
    """
    if not isinstance(losses, Mapping) or not losses:
        raise InputError(
            f"losses gives {type(losses).__name__}: give a dict of names to tensors, one value per example"
        )
    if unknown := weights.keys() - losses.keys():
        raise InputError(f"LOSS_WEIGHTS names {', '.join(sorted(unknown))}, but the losses are {', '.join(losses)}")
    return {name: _mean(name, loss, weights.get(name, 1.0)) for name, loss in losses.items()}


def _mean(name: str, loss: tf.Tensor, weight: float) -> WeightedSum:
    if len(loss.shape) != 1:
        raise InputError(f"the loss {name} has the shape {loss.shape}: give one value per example, without a mean")
    return WeightedSum(weight * tf.reduce_sum(tf.cast(loss, tf.float32)), tf.cast(tf.shape(loss)[0], tf.float32))


def measured(own: OwnModule, targets: Any, outputs: Any) -> dict[str, float]:
    """The module's own metrics; empty where it has none.

    Args:
        own: whose `metrics` is called.
        targets: of the whole validation split, numpy arrays as the task defines them.
        outputs: the same for what the network gave.

    Raises:
        InputError: a metric is not a number, has the name of one of ours, or the one that decides is missing.
    """
    if not own.metrics:
        return {}
    where, found = f"{own.location}, in metrics", own.metrics(targets, outputs)
    if not isinstance(found, Mapping) or any(np.ndim(value) for value in found.values()):
        raise InputError(f"{where}: the result is {found!r}, but maps names to numbers")
    if taken := (HIGHER_IS_BETTER.keys() | {"validation_loss"}) & found.keys():
        raise InputError(f"{where}: {', '.join(sorted(taken))} is a metric of ours, rename yours")
    if own.best_weights_by and own.best_weights_by not in found:
        raise InputError(f"{where}: BEST_WEIGHTS_BY is {own.best_weights_by!r}, but there is {', '.join(found)}")
    return {name: float(value) for name, value in found.items()}
