"""Moving averages of the weights, which often are better than the weights themselves."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf

from .workers import strategy


class Averages:
    """Exponential moving averages of a network's variables, its moving statistics included.

    Polyak and Juditsky 1992; the decay grows with the steps, as in `tf.train.ExponentialMovingAverage` with
    `num_updates`, or a short training would average in its first, bad weights.
    """

    def __init__(self, network: keras.Model, decay: float) -> None:
        """Begins with the variables as they are; with a decay of 0 nothing is averaged."""
        averaged = [each for each in network.variables if decay and each.dtype.startswith("float")]
        self._decay = decay
        self._variables: Sequence[keras.Variable] = averaged
        with strategy().scope():
            self.values = [tf.Variable(each.value, trainable=False) for each in averaged]

    def update(self, step: tf.Tensor) -> None:
        """Takes in the variables after a step, float32 scalar from 1; in the graph."""
        share = 1 - tf.minimum(self._decay, (1 + step) / (10 + step))
        for average, variable in zip(self.values, self._variables, strict=True):
            # In this form the average of what does not change stays the same bit for bit.
            strategy().extended.update(
                average, lambda old, new: old.assign_add((new - old) * share), args=(variable.value,), group=False
            )

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network has the averages as its weights."""
        weights = [each.numpy() for each in self._variables]
        self.copy_to_network()
        yield
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def copy_to_network(self) -> None:
        """Makes the averages the network's weights."""
        for variable, average in zip(self._variables, self.values, strict=True):
            variable.assign(average.numpy())
