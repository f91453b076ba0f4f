"""One step in the graph: gradients on all replicas, clipped together, and their application."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from .averages import Averages
from .learner import Stage
from .workers import strategy


class Step:
    """Takes the steps of one stage, traced once for it."""

    def __init__(
        self, stage: Stage, heads: keras.Optimizer, backbone: keras.Optimizer, norm: float, averages: Averages
    ) -> None:
        """Takes what a step changes.

        Args:
            stage: that has begun.
            heads: optimiser of its heads.
            backbone: optimiser of its backbone.
            norm: gradients that are longer, over all variables, are shortened to it; 0 for any length.
            averages: of the weights.
        """
        self._stage, self._norm, self._averages = stage, norm, averages
        self._groups = [(heads, list(stage.heads)), (backbone, list(stage.backbone))]
        # AutoGraph would turn the sentence of an error in a team's own function into another error.
        self._gradients_in_graph = tf.function(self._gradients, reduce_retracing=True, autograph=False)
        self._apply_in_graph = tf.function(self._apply)

    def gradients(self, batch: Any, scale: float, leave: bool) -> tuple[Any, dict[str, float]]:
        """Gradients of the sum of the stage's losses; changes no weights but moving statistics.

        Args:
            batch: of `batches`.
            scale: that the loss is multiplied by while gradients are computed, which are divided by it again.
            leave: whether this worker asks all of them to end.

        Returns:
            What `apply` takes, and the losses of the whole batch by name, with `.norm`, the length of the gradients
            before clipping, and `.leave`, how many workers ask to end.
        """
        gradients, values = self._gradients_in_graph(batch, tf.constant(scale), tf.constant(float(leave)))
        numbers = {name: strategy().experimental_local_results(value)[0] for name, value in values.items()}
        return gradients, {name: float(value) for name, value in numbers.items()}

    def apply(self, gradients: Any, step: int) -> None:
        """Moves the weights, and their averages, along the gradients: the step of this number, from 1."""
        self._apply_in_graph(gradients, tf.constant(step, tf.float32))

    def _gradients(self, batch: Any, scale: tf.Tensor, leave: tf.Tensor) -> tuple[Any, Any]:
        return strategy().run(self._replica_gradients, args=(batch, scale, leave))

    def _replica_gradients(
        self, batch: Mapping[str, tf.Tensor], scale: tf.Tensor, leave: tf.Tensor
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        variables = [variable.value for _, group in self._groups for variable in group]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            losses = self._stage.losses(batch)
            with tape.stop_recording():
                weights = _sum({name: loss.weight for name, loss in losses.items()})
            # A part of the whole batch's loss. Without weight, as of boxes in a batch that has none, there is no loss.
            shares = {name: tf.math.divide_no_nan(loss.total, weights[name]) for name, loss in losses.items()}
            total = tf.add_n(list(shares.values())) * scale
        gradients = tape.gradient(total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        gradients = [tf.convert_to_tensor(each) / scale for each in gradients]
        gradients, values = _sum((gradients, shares | {".leave": leave}))
        norm = tf.linalg.global_norm(gradients)
        if self._norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self._norm, norm)
        return gradients, values | {".norm": norm}

    def _apply(self, gradients: Any, step: tf.Tensor) -> None:
        strategy().run(self._replica_apply, args=(gradients,))
        self._averages.update(step)

    def _replica_apply(self, gradients: list[tf.Tensor]) -> None:
        # Keras sums the gradients over the replicas, which have the same ones here.
        gradients = [each / strategy().num_replicas_in_sync for each in gradients]
        for optimizer, group in self._groups:
            if group:
                optimizer.apply(gradients[: len(group)], group)
            gradients = gradients[len(group) :]


def _sum(values: Any) -> Any:
    """Sums tensors over the replicas, in a replica's context."""
    context: Any = tf.distribute.get_replica_context()
    # Copies, since only what was made in this context is known to be on a device.
    return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.nest.map_structure(tf.identity, values))
