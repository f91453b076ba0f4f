"""How the network for tables sees columns: first as one matrix of numbers, computed once, then as features."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ...models.columns import signature_names
from ...models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR, FeatureTransform, input_columns

_MOST_DEVIATIONS = 5.0


class PiecewiseLinear(keras.layers.Layer):
    """Places numbers between the quantiles of the training data.

    [N, P] to [N, P B]: for each of B bins 0 below, 1 above and the share of the bin inside; all 0 where missing.
    Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning", section 3.2,
    arXiv:2203.05556.
    """

    def __init__(self, quantiles: Sequence[Sequence[float]]) -> None:
        """Takes the B + 1 ascending quantiles of each of P columns."""
        super().__init__(dtype="float32")
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


def build_matrix(transforms: Sequence[FeatureTransform]) -> keras.Model:
    """A model from raw columns to the matrix that `encode` takes: strings become numbers, the rest stays as it is.

    Apart from the network, so that strings are looked up once and not at every step, and never on an accelerator.

    Args:
        transforms: of all columns.

    Returns:
        From float32 or string [N, 1] by the columns' `signature_names` to float32 [N, P]: numeric columns, dates, and
        of each column of categories the place in its vocabulary, from 1 on, 0 for what is not in it.
    """
    columns = input_columns(transforms)
    names = signature_names(columns)
    inputs: dict[str, Any] = {
        each["name"]: keras.Input((1,), dtype=each["dtype"], name=names[each["name"]]) for each in columns
    }
    in_order = [inputs[each.column] for kind in ("numeric", "date") for each in _those(transforms, kind)]
    for each in _those(transforms, "one_hot"):
        codes = keras.layers.StringLookup(vocabulary=each.statistics["vocabulary"])(inputs[each.column])
        in_order.append(keras.ops.cast(codes, "float32"))
    matrix = keras.ops.concatenate(in_order, axis=1)
    return keras.Model({each.name: each for each in inputs.values()}, matrix, name="matrix")


def encode(transforms: Sequence[FeatureTransform], matrix: Any) -> Any:
    """The features of a row, float32 [N, F], from the matrix of `build_matrix`."""
    numeric, dates = _those(transforms, "numeric"), _those(transforms, "date")
    count = len(numeric) + len(dates)
    encoded = [
        keras.ops.one_hot(keras.ops.cast(matrix[:, place], "int32"), len(each.statistics["vocabulary"]) + 1)
        for place, each in enumerate(_those(transforms, "one_hot"), start=count)
    ]
    if count:
        encoded += _encode_numbers([*numeric, *dates], matrix[:, :count])
    if dates:
        encoded += _encode_phases(matrix[:, len(numeric) : count])
    return keras.ops.concatenate(encoded, axis=1)


def _those(transforms: Sequence[FeatureTransform], kind: str) -> list[FeatureTransform]:
    return [each for each in transforms if each.transform == kind]


def _encode_numbers(transforms: Sequence[FeatureTransform], numbers: Any) -> list[Any]:
    """Standardised value (0 where missing), place between the quantiles, and whether it is missing."""
    deviations = keras.layers.Normalization(
        mean=[each.statistics["mean"] for each in transforms],
        variance=[each.statistics["standard_deviation"] ** 2 for each in transforms],
        dtype="float32",
    )(numbers)
    # An outlier would otherwise carry the network far outside of what it was trained on.
    deviations = keras.ops.clip(deviations, -_MOST_DEVIATIONS, _MOST_DEVIATIONS)
    is_missing = keras.ops.isnan(numbers)
    return [
        keras.ops.where(is_missing, 0.0, deviations),
        PiecewiseLinear([each.statistics["quantiles"] for each in transforms])(numbers),
        keras.ops.cast(is_missing, "float32"),
    ]


def _encode_phases(days: Any) -> list[Any]:
    """Place in the week, in 7 bins, and in the year, in 12 bins; 0 where missing."""
    encoded = []
    for period, bins in ((DAYS_PER_WEEK, 7), (DAYS_PER_YEAR, 12)):
        whole: Any = keras.ops.floor(days / period)
        edges = np.linspace(0, period, bins + 1).tolist()
        encoded.append(PiecewiseLinear([edges] * days.shape[1])(days - whole * period))
    return encoded
