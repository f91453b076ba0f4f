"""The network for tables and its export with one input per column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from ...models.columns import signature_names
from ...models.feature_transforms import FeatureTransform
from ...models.folder import InputColumn
from .tabular_encoding import encode

HIDDEN = (128, 128)
DROPOUT = 0.1
MEMBERS = 4

# From features [N, F] to outputs [N, ...] by name, with `logits` [N, outputs] among them.
Head = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of a regression's label; the network predicts in deviations from the mean."""

    mean: float
    deviation: float


def build_network(transforms: Sequence[FeatureTransform], outputs: int, own_head: Head | None = None) -> keras.Model:
    """An untrained network over the matrix of `tabular_encoding.build_matrix`.

    Its own body is a small ensemble of perceptrons that are trained together: the mean of a few differs less from run
    to run, and errs less, than one (Lakshminarayanan et al. 2017, arXiv:1612.01474).

    Args:
        transforms: of all columns.
        outputs: number of labels, or 1 for a standardised value.
        own_head: in place of that body, one member.

    Returns:
        From float32 [N, P] to `logits`, float32 [N, members, outputs], with what else the own head gives.
    """
    used = [each for each in transforms if each.transform != "dropped"]
    matrix = keras.Input((len(used),), name="matrix")
    features = encode(used, matrix)
    if own_head:
        found = own_head(features)
        return keras.Model(matrix, found | {"logits": keras.ops.expand_dims(found["logits"], 1)})
    members = [_perceptron(features, outputs) for _ in range(MEMBERS)]
    return keras.Model(matrix, {"logits": keras.ops.stack(members, axis=1)})


def _perceptron(encoded: Any, outputs: int) -> Any:
    for width in HIDDEN:
        encoded = keras.layers.Dropout(DROPOUT)(keras.layers.Dense(width, activation="relu")(encoded))
    return keras.layers.Dense(outputs, dtype="float32")(encoded)


class ExportedTable(tf.Module):
    """A trained network with the signature of a tabular model: columns in, `probabilities` or `value` out."""

    def __init__(
        self, matrix: keras.Model, network: keras.Model, columns: Sequence[InputColumn], scale: Scale | None
    ) -> None:
        """Fixes the signature.

        Args:
            matrix: of `tabular_encoding.build_matrix`.
            network: of `build_network`.
            columns: the inputs of the matrix.
            scale: of a regression's label; None for classification.
        """
        super().__init__()
        self._matrix, self._network, self._scale = matrix, network, scale
        names = signature_names(columns)
        specs = {
            names[column["name"]]: tf.TensorSpec((None, 1), column["dtype"], name=names[column["name"]])
            for column in columns
        }
        self.predict = tf.function(self._predict, input_signature=[specs])

    def save(self, path: Path) -> None:
        """Writes the SavedModel; its inputs are named by `models.columns.signature_names`."""
        tf.saved_model.save(self, str(path), signatures={"serving_default": self.predict})

    def _predict(self, columns: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        members = self._network(self._matrix(columns), training=False)["logits"]
        if self._scale is None:
            return {"probabilities": tf.reduce_mean(tf.nn.softmax(members), axis=1)}
        return {"value": tf.reduce_mean(members, axis=1) * self._scale.deviation + self._scale.mean}
