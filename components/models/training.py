"""The training loop, the same for every kind of network: recipe, optimiser, order of the data, curve and progress."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.progress import Progress
from ..errors import InputError

CURVE_POINTS = 50
WARM_UP_SHARE = 0.05

# Indices of a batch, int64 [B], and a seed, int32 [2], to the losses of that step by name.
Step = Callable[[NDArray[np.int64], tf.Tensor], Mapping[str, tf.Tensor]]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes:
        steps: batches to learn from.
        seed: of the order of the images and of the augmentation.
        batch_size: images in a step.
        learning_rate: of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) at its peak.
        weight_decay: of AdamW.
        gradient_norm: gradients longer than this are shortened to it.
    """

    steps: int
    seed: int
    batch_size: int = 16
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    gradient_norm: float = 10.0


def set_seed(seed: int) -> None:
    """Makes what follows depend on the seed alone: initial weights, and TensorFlow's choice of algorithms."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def run_steps(take_step: Step, count: int, recipe: Recipe) -> list[dict[str, float]]:
    """Takes the recipe's steps over `count` items.

    Returns:
        The training curves, about fifty points: {"step": ..., and the mean of each loss since the point before}.

    Raises:
        InputError: a loss is not a number any more.
    """
    progress = Progress("train", "steps", recipe.steps)
    curve: list[dict[str, float]] = []
    since: list[dict[str, float]] = []
    for step, chosen in enumerate(batch_indices(count, recipe.batch_size, recipe.steps, recipe.seed), 1):
        losses = {name: float(value) for name, value in take_step(chosen, tf.constant([recipe.seed, step])).items()}
        if not np.isfinite(sum(losses.values())):
            raise InputError(f"the loss is not a number at step {step}: look for damaged items in the training data")
        since.append(losses)
        if step % max(1, recipe.steps // CURVE_POINTS) == 0 or step == recipe.steps:
            curve.append({"step": step} | {name: float(np.mean([each[name] for each in since])) for name in losses})
            since.clear()
        progress.advance(note=f"loss {sum(losses.values()):.3f}")
    return curve


def settle_norms(network: keras.Model, batches: Iterable[tf.Tensor]) -> None:
    """Sets the moving statistics of all batch normalisations to the mean over some batches.

    What they gathered in a short training is mostly what they started with: MobileNetV2's have a momentum of 0.999.
    Called PreciseBN in Wu and Johnson 2021, "Rethinking Batch in BatchNorm", arXiv:2105.07576, section 3.

    Args:
        network: changed in place.
        batches: what it is called with; like the data that it will see.
    """
    norms = list(_norms(network))
    momenta = [layer.momentum for layer in norms]
    for count, batch in enumerate(batches):
        for layer in norms:
            layer.momentum = count / (count + 1)  # the moving value becomes the mean of all batches so far
        network(batch, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum


def quicken_norms(network: keras.Model, momentum: float) -> None:
    """Has the moving statistics of all batch normalisations follow the batches sooner.

    Those of keras.applications keep up to 0.999 of what they were in each step: for hundreds of steps, a network that
    is trained from nothing would be judged by statistics that it never had.
    """
    for layer in _norms(network):
        layer.momentum = momentum


def _norms(layer: keras.Layer) -> Iterator[keras.layers.BatchNormalization]:
    """Yields the batch normalisations of a network and of the networks in it, each once."""
    if isinstance(layer, keras.layers.BatchNormalization):
        yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _norms(inner)


def make_optimizer(recipe: Recipe) -> keras.Optimizer:
    """AdamW with the recipe's rates: the learning rate rises to its peak in the first twentieth of the steps, then
    falls to 0 as a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983)."""
    warm_up = max(1, round(recipe.steps * WARM_UP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 30,
        max(1, recipe.steps - warm_up),
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay, global_clipnorm=recipe.gradient_norm)


def apply_gradients(
    optimizer: keras.Optimizer, tape: tf.GradientTape, losses: Mapping[str, tf.Tensor], network: keras.Model
) -> None:
    """Moves the network's trainable variables down the gradient of the summed losses (made under `tape`)."""
    total = list(losses.values())
    optimizer.apply(tape.gradient(total, network.trainable_variables), network.trainable_variables)


def batch_indices(count: int, batch_size: int, steps: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the items of each step: every item once an epoch, in an order that only the seed decides.

    Args:
        count: number of items; a data set smaller than a batch is repeated inside it.
        batch_size: B.
        steps: how many batches.
        seed: of the order.

    Yields:
        int64 [B].
    """
    rng = np.random.default_rng(seed)
    waiting = np.empty(0, np.int64)
    for _ in range(steps):
        while len(waiting) < batch_size:
            waiting = np.concatenate([waiting, rng.permutation(count)])
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]
