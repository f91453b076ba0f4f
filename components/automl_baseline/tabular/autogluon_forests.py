"""The trees of AutoGluon's members, read from their libraries' own records.

AutoGluon's random forests are left out: with some ten thousand leaves per tree, they make graphs of hundreds of MB.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .forest import Forest, Tree, lightgbm_forest

LIGHTGBM, XGBOOST, CATBOOST = "GBM", "XGB", "CAT"  # AutoGluon's own keys
EXPORTABLE = (LIGHTGBM, XGBOOST, CATBOOST)


def member_forest(key: str, trained: Any) -> Forest:
    """The trees of a member.

    Args:
        key: one of `EXPORTABLE`.
        trained: what AutoGluon keeps of it: a booster of LightGBM, an estimator of XGBoost or CatBoost.
    """
    if key == LIGHTGBM:
        from lightgbm import Booster

        # A booster predicts with its trees up to the best iteration, which are all that its text has.
        return lightgbm_forest(Booster(model_str=trained.model_to_string()))
    return _xgboost_forest(trained) if key == XGBOOST else _catboost_forest(trained)


def _xgboost_forest(estimator: Any) -> Forest:
    """Source: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html#json-schema."""
    booster = estimator.get_booster()
    # Without early stopping, as in a refit, all trees count and there is no such attribute.
    booster = booster[: getattr(estimator, "best_iteration", booster.num_boosted_rounds() - 1) + 1]
    learner = json.loads(booster.save_raw("json"))["learner"]
    model = learner["gradient_booster"]["model"]
    # One number for all targets, or in later versions one for each.
    base = json.loads(learner["learner_model_param"]["base_score"])
    start = np.broadcast_to(np.array(base, dtype=np.float64), max(model["tree_info"]) + 1)
    if learner["objective"]["name"] == "binary:logistic":  # kept as a probability
        start = np.log(start / (1 - start))
    return Forest(
        trees=[_xgboost_tree(*each) for each in zip(model["trees"], model["tree_info"], strict=True)], start=start
    )


def _xgboost_tree(record: dict[str, Any], target: int) -> Tree:
    left, right = np.array(record["left_children"]), np.array(record["right_children"])
    is_leaf, values = left < 0, np.array(record["split_conditions"], dtype=np.float32)
    places = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1)
    return Tree(
        features=np.array(record["split_indices"])[~is_leaf],
        # Rows below a value go left: those that are at most the float32 number before it.
        thresholds=np.nextafter(values[~is_leaf], np.float32("-inf")).astype(np.float64),
        missing_goes_left=np.array(record["default_left"], dtype=bool)[~is_leaf],
        left=places[left[~is_leaf]],
        right=places[right[~is_leaf]],
        leaves=values[is_leaf].astype(np.float64),
        target=target,
    )


def _catboost_forest(estimator: Any) -> Forest:
    """Source: https://github.com/catboost/tutorials/blob/master/model_analysis/model_export_as_json_tutorial.ipynb."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.json")
        estimator.save_model(str(file), format="json")
        record = json.loads(file.read_text("utf-8"))
    scale, start = record["scale_and_bias"]
    missing_goes_left = np.array(
        [each["nan_value_treatment"] != "AsTrue" for each in record["features_info"]["float_features"]]
    )
    trees = [
        tree
        for each in record["oblivious_trees"]
        for tree in _oblivious_trees(
            each["splits"], scale * np.reshape(each["leaf_values"], (-1, len(start))), missing_goes_left
        )
    ]
    return Forest(trees=trees, start=np.array(start, dtype=np.float64))


def _oblivious_trees(
    splits: Sequence[dict[str, Any]], leaves: NDArray[np.float64], missing_goes_left: NDArray[np.bool_]
) -> Iterator[Tree]:
    """One tree per target of an oblivious tree: of D levels, each with one split for all its nodes.

    Args:
        splits: D of them; the first decides on the lowest bit of a leaf's place, so the last is at the root.
        leaves: [2^D, K].
        missing_goes_left: by feature.
    """
    inner = len(leaves) - 1
    levels = np.repeat(np.arange(len(splits)), 2 ** np.arange(len(splits)))
    features = np.array([each["float_feature_index"] for each in reversed(splits)], dtype=np.int64)[levels]
    children = np.arange(1, 2 * inner + 1).reshape(-1, 2)
    children = np.where(children < inner, children, ~(children - inner))
    for target, values in enumerate(leaves.T):
        yield Tree(
            features=features,
            thresholds=np.array([each["border"] for each in reversed(splits)], dtype=np.float32)[levels].astype(float),
            missing_goes_left=missing_goes_left[features],
            left=children[:, 0],
            right=children[:, 1],
            leaves=values,
            target=target,
        )
