"""What the loop asks of a task: a network, stages of training, batches and losses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

# Random numbers that a batch brings for each of its examples, see `Batch`.
DRAWS = 32

# Arrays by name, all with the batch as first dimension. The loop adds "draws": float32 [B, DRAWS], uniform in 0..1 and
# decided by the seed, the step and the place in the batch alone, which is all that augmentation may draw from.
Batch = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class WeightedSum:
    """A loss as its sum over the examples of a batch and what that is to be divided by, both float32 scalars.

    The two are kept apart so that a batch that is shared among workers has the loss of the whole batch.
    """

    total: tf.Tensor
    weight: tf.Tensor


@dataclass(frozen=True)
class Stage:
    """A stretch of training in which the same variables are learned from the same kind of batches.

    Attributes:
        name: for people, such as `heads`.
        first_step: number of steps after which it begins; 0 for the first stage.
        begin: freezes and unfreezes layers; called when it begins, also after a restart, and at the end of training
            where the best weights are from it.
        heads: variables that are learned at the full rate.
        backbone: variables that are learned at the backbone's rate; empty while it is frozen.
        count: number of training examples N.
        fetch: the examples at some places of 0..N-1, int64 [B].
        losses: by name, inside the graph, of a batch as tensors; named without spaces.
    """

    name: str
    first_step: int
    begin: Callable[[], None]
    heads: Sequence[keras.Variable]
    backbone: Sequence[keras.Variable]
    count: int
    fetch: Callable[[NDArray[np.int64]], Batch]
    losses: Callable[[Mapping[str, tf.Tensor]], Mapping[str, WeightedSum]]


class Learner(Protocol):
    """One task's side of the training."""

    @property
    def network(self) -> keras.Model:
        """Holds every variable that is learned, or that changes while learning."""
        ...

    @property
    def stages(self) -> Sequence[Stage]:
        """In the order of their first steps; the first begins at 0."""
        ...

    @property
    def metric(self) -> str:
        """Of `validate`, what the best weights are chosen by: one of `models.metrics`, or the user's own."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Of that metric."""
        ...

    def validate(self) -> Mapping[str, float]:
        """Metrics of the network as it is now on images or rows that it does not learn from; empty without such."""
        ...
