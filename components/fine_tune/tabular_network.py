"""The network for tables: its preprocessing layers, its body, and its export with one input per column."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..models.columns import signature_names
from ..models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR, FeatureTransform, input_columns
from ..models.folder import InputColumn

HIDDEN = (128, 128)
DROPOUT = 0.1
MEMBERS = 4
_MOST_DEVIATIONS = 5.0


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of a regression's label; the network predicts in deviations from the mean."""

    mean: float
    deviation: float


class PiecewiseLinear(keras.layers.Layer):
    """Places numbers between the quantiles of the training data.

    [N, P] to [N, P B]: for each of B bins 0 below, 1 above and the share of the bin inside; all 0 where missing.
    Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section 3.2,
    arXiv:2203.05556.
    """

    def __init__(self, quantiles: Sequence[Sequence[float]]) -> None:
        """Takes the B + 1 ascending quantiles of each of P columns."""
        super().__init__()
        edges = np.asarray(quantiles, dtype=np.float64)
        widths = np.diff(edges, axis=1)
        self._lower = edges[:, :-1].astype(np.float32)
        # Bins between equal quantiles are empty, and stay 0.
        self._scale = np.divide(1, widths, out=np.zeros_like(widths), where=widths > 0).astype(np.float32)
        self._bins = math.prod(widths.shape)

    def call(self, numbers: Any) -> Any:
        """Encodes float32 [N, P]."""
        shares = (numbers[:, :, None] - self._lower) * self._scale
        shares = keras.ops.where(keras.ops.isnan(shares), 0.0, keras.ops.clip(shares, 0.0, 1.0))
        return keras.ops.reshape(shares, (-1, self._bins))


def build_network(transforms: Sequence[FeatureTransform], outputs: int) -> keras.Model:
    """An untrained network over raw columns.

    The body is a small ensemble of perceptrons that are trained together: the mean of a few differs less from run to
    run, and errs less, than one (Lakshminarayanan et al. 2017, arXiv:1612.01474).

    Args:
        transforms: of all columns.
        outputs: number of labels, or 1 for a standardised value.

    Returns:
        From float32 or string [N, 1] by the columns' `signature_names` to logits or values, [N, MEMBERS, outputs].
    """
    columns = input_columns(transforms)
    names = signature_names(columns)
    inputs: dict[str, Any] = {
        column["name"]: keras.Input((1,), dtype=column["dtype"], name=names[column["name"]]) for column in columns
    }
    encoded = keras.layers.Concatenate()(_encode(transforms, inputs))
    members = [_perceptron(encoded, outputs) for _ in range(MEMBERS)]
    return keras.Model({each.name: each for each in inputs.values()}, keras.ops.stack(members, axis=1))


def _encode(transforms: Sequence[FeatureTransform], inputs: Mapping[str, Any]) -> list[Any]:
    encoded = [
        keras.layers.StringLookup(vocabulary=each.statistics["vocabulary"], output_mode="one_hot")(inputs[each.column])
        for each in transforms
        if each.transform == "one_hot"
    ]
    numeric = [each for each in transforms if each.transform in ("numeric", "date")]
    if numeric:
        encoded += _encode_numbers(numeric, _concatenate([inputs[each.column] for each in numeric]))
    dates = [inputs[each.column] for each in transforms if each.transform == "date"]
    if dates:
        encoded += _encode_phases(dates)
    return encoded


def _encode_numbers(transforms: Sequence[FeatureTransform], numbers: Any) -> list[Any]:
    """Standardised value (0 where missing), place between the quantiles, and whether it is missing."""
    deviations = keras.layers.Normalization(
        mean=[each.statistics["mean"] for each in transforms],
        variance=[each.statistics["standard_deviation"] ** 2 for each in transforms],
    )(numbers)
    # An outlier would otherwise carry the network far outside of what it was trained on.
    deviations = keras.ops.clip(deviations, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    is_missing = keras.ops.isnan(numbers)
    return [
        keras.ops.where(is_missing, 0.0, deviations),
        PiecewiseLinear([each.statistics["quantiles"] for each in transforms])(numbers),
        keras.ops.cast(is_missing, "float32"),
    ]


def _encode_phases(days: Sequence[Any]) -> list[Any]:
    """Place in the week, in 7 bins, and in the year, in 12 bins; 0 where missing."""
    dates, encoded = _concatenate(days), []
    for period, bins in ((DAYS_PER_WEEK, 7), (DAYS_PER_YEAR, 12)):
        whole: Any = keras.ops.floor(dates / period)
        edges = np.linspace(0, period, bins + 1).tolist()
        encoded.append(PiecewiseLinear([edges] * len(days))(dates - whole * period))
    return encoded


def _concatenate(tensors: Sequence[Any]) -> Any:
    return keras.layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]


def _perceptron(encoded: Any, outputs: int) -> Any:
    for width in HIDDEN:
        encoded = keras.layers.Dropout(DROPOUT)(keras.layers.Dense(width, activation="relu")(encoded))
    return keras.layers.Dense(outputs)(encoded)


class ExportedTable(tf.Module):
    """A trained network with the signature of a tabular model: columns in, `probabilities` or `value` out."""

    def __init__(self, network: keras.Model, columns: Sequence[InputColumn], scale: Scale | None) -> None:
        """Fixes the signature.

        Args:
            network: of `build_network`.
            columns: its inputs.
            scale: of a regression's label; None for classification.
        """
        super().__init__()
        self._network = network
        self._scale = scale
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
        members = self._network(columns, training=False)
        if self._scale is None:
            return {"probabilities": tf.reduce_mean(tf.nn.softmax(members), axis=1)}
        return {"value": tf.reduce_mean(members, axis=1) * self._scale.deviation + self._scale.mean}
