"""Boosted trees as arrays, whichever library grew them.

Read from the libraries' own records, since the converters of skl2onnx and onnxmltools write thresholds and leaves as
float32, which sends some rows the other way: errors of up to 4 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FinalError

# Bits of a LightGBM node's `decision_type`: https://github.com/microsoft/LightGBM/blob/v4.6.0/include/LightGBM/tree.h
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_TYPE = 1, 2, 12
_MISSING_IS_ZERO, _MISSING_IS_NAN = 4, 8


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One tree of I inner nodes, the root first, and L leaves.

    A row goes left where its feature is at most the threshold. A child is the place of an inner node, or ~place of a
    leaf. A tree without inner nodes has one leaf.

    Attributes:
        features: int [I].
        thresholds: float64 [I].
        missing_goes_left: bool [I].
        left: int [I], children.
        right: int [I], children.
        leaves: float64 [L], what the tree adds.
        target: the class that it adds to; 0 where there is one sum only.
    """

    features: NDArray[np.integer]
    thresholds: NDArray[np.float64]
    missing_goes_left: NDArray[np.bool_]
    left: NDArray[np.integer]
    right: NDArray[np.integer]
    leaves: NDArray[np.float64]
    target: int


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Trees, and the float64 [K] that their sums per target start from."""

    trees: list[Tree]
    start: NDArray[np.float64]


def has_trees(estimator: Any) -> bool:
    """Whether `forest_of` reads this fitted estimator."""
    return any(hasattr(estimator, name) for name in ("booster_", "_predictors", "estimators_"))


def forest_of(estimator: Any) -> Forest:
    """The trees of a fitted LightGBM or histogram gradient boosting estimator, or of a VotingRegressor of such."""
    if hasattr(estimator, "estimators_"):
        return _mean([forest_of(each) for each in estimator.estimators_])
    if hasattr(estimator, "booster_"):
        return lightgbm_forest(estimator.booster_)
    trees = [_sklearn_tree(tree.nodes, target) for group in estimator._predictors for target, tree in enumerate(group)]
    return Forest(trees=trees, start=np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel())


def lightgbm_forest(booster: Any) -> Forest:
    """The trees of a LightGBM booster, from its text, which has every number to the last digit."""
    targets = booster.num_model_per_iteration()
    texts = booster.model_to_string(num_iteration=-1).split("\nTree=")[1:]
    trees = [_lightgbm_tree(_fields(text), target) for text, target in zip(texts, cycle(range(targets)), strict=False)]
    return Forest(trees=trees, start=np.zeros(targets))


def _mean(forests: Sequence[Forest]) -> Forest:
    share = 1 / len(forests)
    trees = [replace(tree, leaves=share * tree.leaves) for forest in forests for tree in forest.trees]
    return Forest(trees=trees, start=np.mean([forest.start for forest in forests], axis=0))


def _sklearn_tree(nodes: NDArray[Any], target: int) -> Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    inner = nodes[~is_leaf]
    # The same node's place among its like.
    places = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1)
    return Tree(
        features=inner["feature_idx"],
        thresholds=inner["num_threshold"],
        missing_goes_left=inner["missing_go_to_left"].astype(bool),
        left=places[inner["left"]],
        right=places[inner["right"]],
        leaves=nodes["value"][is_leaf],
        target=target,
    )


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs}


def _lightgbm_tree(fields: dict[str, str], target: int) -> Tree:
    """Source: LightGBM's `Tree::ToString` and `NumericalDecision`, in which a missing value may count as 0."""

    def array(name: str, dtype: type) -> NDArray[Any]:
        return np.array(fields.get(name, "").split(), dtype=dtype)

    thresholds, kinds = array("threshold", np.float64), array("decision_type", np.int64)
    if (kinds & _CATEGORICAL).any() or (kinds & _MISSING_TYPE == _MISSING_IS_ZERO).any() or fields["is_linear"] != "0":
        raise FinalError("This LightGBM model has categorical splits, zeros for missing values or linear leaves.")
    is_default = kinds & _MISSING_TYPE == _MISSING_IS_NAN
    return Tree(
        features=array("split_feature", np.int64),
        thresholds=thresholds,
        missing_goes_left=np.where(is_default, kinds & _DEFAULT_LEFT != 0, thresholds >= 0),
        left=array("left_child", np.int64),
        right=array("right_child", np.int64),
        leaves=array("leaf_value", np.float64),
        target=target,
    )
