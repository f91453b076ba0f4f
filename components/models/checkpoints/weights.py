"""Weights as every reader of this package gives them: by the place in a network that they are for."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FORMS = (
    "`imagenet`; Keras weights (.weights.h5, or .h5 of Keras 2); arrays by graph name (.npz); a TF1 checkpoint "
    "(model.ckpt) or TF2 checkpoint (ckpt-0), by its prefix or its folder; the folder of a SavedModel or of a model"
)
# Of the batch norms in MobileNet, MobileNetV2 and SSDLite, in Keras and in the TF Object Detection API.
EPSILON = 1e-3
NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class Weight:
    """One value of a checkpoint.

    Attributes:
        source: its name in the checkpoint.
        value: float32, in the layout of the Keras variable.
    """

    source: str
    value: NDArray[np.float32]


# By the `place` of a variable.
Weights = dict[str, Weight]


def place(path: str) -> str:
    """Layer and name of a variable, such as `bn_Conv1/gamma`, without the networks that the layer is in."""
    return "/".join(path.split("/")[-2:])


def complete_norms(weights: Weights) -> Weights:
    """Weights in which every folded batch norm is whole: what was folded into a kernel is left without effect."""
    whole = dict(weights)
    for path, beta in weights.items():
        layer, _, variable = path.rpartition("/")
        if variable != "beta" or f"{layer}/moving_mean" in weights:
            continue
        one = np.ones_like(beta.value)
        for name, value in {"gamma": one, "moving_mean": 0 * one, "moving_variance": (1 - EPSILON) * one}.items():
            whole.setdefault(f"{layer}/{name}", Weight(f"{beta.source} (folded)", value))
    return whole


def has_folded_norms(weights: Weights) -> bool:
    """Whether some batch norm has no statistics of its own, so that it must not be trained or updated."""
    return any(
        # Without an offset either, it is one that was never trained.
        weights[f"{path.removesuffix('beta')}moving_mean"].value.any() < weight.value.any()
        for path, weight in weights.items()
        if path.endswith("/beta")
    )


def first_names(names: Collection[str], count: int = 4) -> str:
    """The first few of many names, for a sentence."""
    rest = len(names) - count
    return ", ".join([*sorted(names)[:count], *([f"and {rest} more"] if rest > 0 else [])]) or "nothing"
