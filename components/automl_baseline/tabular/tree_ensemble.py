"""Boosted trees as ONNX: TreeEnsemble in float64, as the trees were grown, so that no row takes another branch.

https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from .forest import Forest, Tree, forest_of

_ML_OPSET = 5  # the first with float64 leaves
_SUM, _NO_TRANSFORM, _AT_MOST = 1, 0, 0
# Loading one node of 4797 trees took ONNX Runtime 1.3 s and 0.3 GB more than 20 smaller ones, which took 0.3 s.
_TREES_PER_NODE = 250


def append_trees(model: ModelProto, estimator: Any) -> None:
    """Appends boosted trees to a graph that computes their columns, float32 [N, F].

    Args:
        model: changed in place; its output becomes float32 probabilities [N, C], or values [N, 1].
        estimator: fitted: a classifier with trees, or a TransformedTargetRegressor of a regressor with trees.
    """
    if hasattr(estimator, "regressor_"):
        scaler = estimator.transformer_
        append_forest(model, forest_of(estimator.regressor_), _scaled(scaler.scale_, scaler.mean_), width=1)
    else:
        forest = forest_of(estimator)
        answer = _softmax() if len(forest.start) > 1 else [node("Sigmoid", ["sums"], "second"), *both_classes()]
        append_forest(model, forest, answer, width=len(estimator.classes_))


def append_forest(model: ModelProto, forest: Forest, answer: Sequence[NodeProto], width: int) -> None:
    """Appends trees to a graph that computes their columns, and the nodes that make an answer of their sums.

    Args:
        model: changed in place, as in `append_trees`.
        forest: of K targets.
        answer: nodes of `node` and `constant`, from `sums`, float64 [N, K], to `exact`, float64 [N, width].
        width: of the output.
    """
    graph, columns = model.graph, model.graph.output.pop().name
    graph.node.append(helper.make_node("Cast", [columns], [_name("rows")], to=TensorProto.DOUBLE))
    graph.node.extend([*_sums(forest), *answer])
    graph.node.append(helper.make_node("Cast", [_name("exact")], [_name("answer")], to=TensorProto.FLOAT))
    graph.output.append(helper.make_tensor_value_info(_name("answer"), TensorProto.FLOAT, [None, width]))
    for opset in [each for each in model.opset_import if each.domain == "ai.onnx.ml"]:
        model.opset_import.remove(opset)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", _ML_OPSET))


def _name(value: str) -> str:
    """A name that no column has."""
    return f"trees/{value}"


def constant(name: str, value: NDArray[Any]) -> NodeProto:
    """A tensor under a name that no column has."""
    return helper.make_node("Constant", [], [_name(name)], value=numpy_helper.from_array(value))


def node(operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> NodeProto:
    """A node whose inputs and output have names that no column has."""
    return helper.make_node(operator, [_name(each) for each in inputs], [_name(output)], **attributes)


def _scaled(deviation: NDArray[np.float64], mean: NDArray[np.float64]) -> list[NodeProto]:
    return [
        constant("deviation", deviation),
        constant("mean", mean),
        node("Mul", ["sums", "deviation"], "scaled"),
        node("Add", ["scaled", "mean"], "exact"),
    ]


def _softmax() -> list[NodeProto]:
    return [node("Softmax", ["sums"], "exact", axis=1)]


def both_classes() -> list[NodeProto]:
    """Nodes from the probability of the second of two classes, `second`, to those of both."""
    return [
        constant("one", np.ones((1, 1))),
        node("Sub", ["one", "second"], "first"),
        node("Concat", ["first", "second"], "exact", axis=1),
    ]


def _sums(forest: Forest) -> list[NodeProto]:
    """Nodes from the rows to each target's sum over the trees, float64 [N, K]."""
    parts = [forest.trees[at : at + _TREES_PER_NODE] for at in range(0, len(forest.trees), _TREES_PER_NODE)]
    names = [f"sums_{place}" for place in range(len(parts))]
    ensembles = [_ensemble(part, len(forest.start), name) for part, name in zip(parts, names, strict=True)]
    return [*ensembles, constant("start", forest.start[None]), node("Sum", [*names, "start"], "sums")]


def _ensemble(trees: Sequence[Tree], targets: int, output: str) -> NodeProto:
    trees = [tree if len(tree.features) else _with_inner_node(tree) for tree in trees]
    inner, leaves = [len(tree.features) for tree in trees], [len(tree.leaves) for tree in trees]
    first_inner, first_leaf = np.cumsum([0, *inner[:-1]]), np.cumsum([0, *leaves[:-1]])
    children = {}
    for side, own in (("true", [tree.left for tree in trees]), ("false", [tree.right for tree in trees])):
        is_leaf = np.concatenate(own) < 0
        places = [
            np.where(at < 0, ~at + leaf, at + node) for at, leaf, node in zip(own, first_leaf, first_inner, strict=True)
        ]
        children[f"nodes_{side}leafs"] = is_leaf.astype(int).tolist()
        children[f"nodes_{side}nodeids"] = np.concatenate(places).tolist()
    return node(
        "TreeEnsemble",
        ["rows"],
        output,
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function=_SUM,
        post_transform=_NO_TRANSFORM,
        tree_roots=first_inner.tolist(),
        nodes_featureids=np.concatenate([tree.features for tree in trees]).tolist(),
        nodes_splits=numpy_helper.from_array(np.concatenate([tree.thresholds for tree in trees])),
        nodes_modes=numpy_helper.from_array(np.full(sum(inner), _AT_MOST, dtype=np.uint8)),
        nodes_missing_value_tracks_true=np.concatenate([tree.missing_goes_left for tree in trees]).astype(int).tolist(),
        leaf_targetids=np.repeat([tree.target for tree in trees], leaves).tolist(),
        leaf_weights=numpy_helper.from_array(np.concatenate([tree.leaves for tree in trees])),
        **children,
    )


def _with_inner_node(tree: Tree) -> Tree:
    """A tree that is one leaf, with a node before it both of whose children it is, as the operator wants it."""
    leaf = np.array([~0])
    return replace(
        tree,
        features=np.array([0]),
        thresholds=np.array([0.0]),
        missing_goes_left=np.array([True]),
        left=leaf,
        right=leaf,
    )
