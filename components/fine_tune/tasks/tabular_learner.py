"""The tabular side of the training loop: batches, losses and validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..loop.learner import Batch, Stage, WeightedSum
from ..own.module import OwnModule
from ..own.outputs import measured, weighted
from .tabular_network import Scale

# Rows that are predicted at once.
CHUNK = 4096


@dataclass(frozen=True)
class Examples:
    """Rows as the network takes them.

    Attributes:
        matrix: float32 [N, P], of `tabular_encoding.build_matrix`.
        targets: [N], label codes int32, or standardised values float32.
    """

    matrix: NDArray[np.float32]
    targets: NDArray[Any]

    def fetch(self, places: Any) -> Batch:
        """The examples at int64 [B] places, or a slice of them."""
        return {"matrix": self.matrix[places], "targets": self.targets[places]}


class TableLearner:
    """Learns all of a network in one stage; the best weights have the lowest loss on the validation rows."""

    def __init__(
        self, network: keras.Model, training: Examples, validation: Examples, scale: Scale | None, own: OwnModule
    ) -> None:
        """Takes what to learn, and from what.

        Args:
            network: of `tabular_network.build_network`.
            training: rows to learn from.
            validation: rows to choose the weights by.
            scale: of a regression's label; None for classification.
            own: its losses replace ours, its metrics are added.
        """
        self.network = network
        self.metric, self.higher_is_better = own.chosen_by("validation_loss", higher_is_better=False)
        self._validation, self._scale, self._own = validation, scale, own
        variables: Sequence[Any] = network.trainable_variables
        self.stages = [
            Stage(
                name="all",
                first_step=0,
                begin=lambda: None,
                heads=variables,
                backbone=[],
                count=len(training.targets),
                fetch=training.fetch,
                losses=lambda batch: self._losses(network(batch["matrix"], training=True), batch["targets"]),
            )
        ]
        self._answer_in_graph = tf.function(self._answer, autograph=False, reduce_retracing=True)

    def validate(self) -> dict[str, float]:
        """The `validation_loss`, a mean over all rows, and the own metrics."""
        starts = range(0, len(self._validation.targets), CHUNK)
        chunks = [self._validation.fetch(slice(start, start + CHUNK)) for start in starts]
        answers = [self._answer_in_graph(chunk["matrix"], chunk["targets"]) for chunk in chunks]
        totals, weights = np.sum([answer[0] for answer in answers], axis=0)
        outputs = {name: np.concatenate([answer[1][name] for answer in answers]) for name in answers[0][1]}
        in_its_unit = self._in_the_labels_unit(self._validation.targets, outputs)
        return {"validation_loss": float(np.sum(totals / weights)), **measured(self._own, *in_its_unit)}

    def _answer(self, matrix: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Totals and weights of the losses, float32 [2, losses], and the outputs, of the members' mean logits."""
        outputs = self.network(matrix, training=False)
        losses = self._losses(outputs, targets).values()
        sums = tf.stack([[loss.total for loss in losses], [loss.weight for loss in losses]])
        return sums, {**outputs, "logits": tf.reduce_mean(outputs["logits"], axis=1)}

    def _losses(self, outputs: Mapping[str, tf.Tensor], targets: tf.Tensor) -> dict[str, WeightedSum]:
        """Of each member by itself: members that are only good together repeat each other's errors."""
        members = tf.unstack(outputs["logits"], axis=1)
        found = [self._member_losses({**outputs, "logits": logits}, targets) for logits in members]
        means = {name: tf.add_n([each[name].total for each in found]) / len(found) for name in found[0]}
        return {name: WeightedSum(mean, found[0][name].weight) for name, mean in means.items()}

    def _member_losses(self, outputs: Mapping[str, tf.Tensor], targets: tf.Tensor) -> dict[str, WeightedSum]:
        if self._own.losses:
            return weighted(self._own.losses(outputs, targets), self._own.loss_weights)
        logits = outputs["logits"]
        if self._scale:
            return weighted({"loss": tf.square(logits[:, 0] - targets)}, {})
        return weighted({"loss": tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)}, {})

    def _in_the_labels_unit(self, targets: NDArray[Any], outputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if not self._scale:
            return targets, outputs
        mean, deviation = self._scale.mean, self._scale.deviation
        return targets * deviation + mean, outputs | {"logits": outputs["logits"] * deviation + mean}
