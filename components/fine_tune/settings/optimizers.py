"""Optimisers and learning-rate schedules, as the levers ask for them."""

# The stubs of Keras know no schedule as a learning rate, and a resolved config has no None.
# pyright: reportArgumentType=false, reportOperatorIssue=false, reportOptionalCall=false

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from .config import FineTuneConfig

# The rate at a step of the whole training, float32 scalar, inside the graph: see `own.module`.
OwnSchedule = Callable[[tf.Tensor, FineTuneConfig], tf.Tensor]

# Biases and the parameters of normalisations are not decayed (He et al. 2019, arXiv:1812.01187, section 3.1).
NOT_DECAYED = ["bias", "gamma", "beta"]


class StageSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of an optimiser, by its own steps.

    It begins with a warm-up, also in the midst of a training, as it has seen no gradient yet (Ma and Yarats 2021,
    arXiv:1910.04209); what the rate decays to is decided by the step of the whole training.
    """

    def __init__(
        self, config: FineTuneConfig, first_step: int = 0, factor: float = 1.0, own: OwnSchedule | None = None
    ) -> None:
        """See `make_schedule`."""
        self._config, self._first_step, self._factor, self._own = config, first_step, factor, own

    def __call__(self, step: tf.Tensor | int) -> tf.Tensor:
        """The rate at a step.

        Args:
            step: of the optimiser, from 0.

        Returns:
            float32 scalar.
        """
        config = self._config
        since = tf.cast(step, tf.float32)
        if config.learning_rate_schedule == "own":
            return self._factor * tf.cast(self._own(since + self._first_step, config), tf.float32)
        ramp = tf.minimum(1.0, (since + 1) / max(1, config.warmup_steps))
        decaying = tf.maximum(0.0, since + self._first_step - config.warmup_steps)
        return self._factor * config.learning_rate * ramp * self._share(decaying)

    def _share(self, step: tf.Tensor) -> tf.Tensor:
        """What is left of the rate, 0..1, this many steps after the first warm-up."""
        config = self._config
        match config.learning_rate_schedule:
            case "cosine":  # Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts
                done = tf.minimum(1.0, step / max(1, config.num_steps - config.warmup_steps))
                return 0.5 + 0.5 * tf.cos(np.pi * done)
            case "exponential":
                return config.decay_factor ** (step / config.decay_steps)
            case "step":
                return config.decay_factor ** tf.floor(step / config.decay_steps)
            case _:
                return tf.ones(())


def make_schedule(
    config: FineTuneConfig, first_step: int = 0, factor: float = 1.0, own: OwnSchedule | None = None
) -> StageSchedule:
    """The learning rate of an optimiser.

    Args:
        config: resolved.
        first_step: the step of the whole training at which it begins; the cosine ends at `config.num_steps`.
        factor: what the rate is multiplied by.
        own: for the schedule `own`, which it decides alone but for the factor.

    Returns:
        The rate by the optimiser's step, which begins at 0.

    Raises:
        ValueError: the schedule is `own`, and none is given.
    """
    if config.learning_rate_schedule == "own" and own is None:
        raise ValueError("the schedule `own` needs a function")
    return StageSchedule(config, first_step, factor, own)


def make_optimizer(
    config: FineTuneConfig, first_step: int = 0, factor: float = 1.0, own: OwnSchedule | None = None
) -> keras.Optimizer:
    """A new optimiser; it clips no gradients, which the loop does over all variables at once.

    Weight decay is decoupled from the gradient in all of them (Loshchilov and Hutter 2019, arXiv:1711.05101).

    Args:
        config: resolved.
        first_step: see `make_schedule`.
        factor: see `make_schedule`.
        own: see `make_schedule`.

    Returns:
        A new optimiser, whose step count begins at 0.
    """
    rate = make_schedule(config, first_step, factor, own)
    decay = config.weight_decay or None
    match config.optimizer:
        case "adamw":
            optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
        case "adam":
            optimizer = keras.optimizers.Adam(rate, weight_decay=decay)
        case "sgd":
            optimizer = keras.optimizers.SGD(rate, momentum=config.momentum, weight_decay=decay)
        case "rmsprop":
            optimizer = keras.optimizers.RMSprop(rate, momentum=config.momentum, weight_decay=decay)
    optimizer.exclude_from_weight_decay(var_names=NOT_DECAYED)
    return optimizer
