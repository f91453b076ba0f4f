"""A model of AutoGluon as a scikit-learn estimator, and as trees of an ONNX graph."""

from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from .autogluon_forests import EXPORTABLE, member_forest
from .forest import Forest
from .tree_ensemble import append_forest, both_classes, constant, node


class AutoGluonModel(BaseEstimator):
    """One model of a fitted `TabularPredictor`, alone or a weighted ensemble of others, over float32 [N, F].

    Predictions are AutoGluon's own, so that a graph that agrees with them agrees with AutoGluon.

    Args:
        predictor: fitted on columns of `numbered`.
        name: of the model.
    """

    def __init__(self, predictor: Any, name: str) -> None:
        self.predictor = predictor
        self.name = name

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 (scikit-learn's name)
        """Has nothing to do: AutoGluon has fitted it."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        """It never is anything else."""
        return True

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each member, by name; of a model that is no ensemble, the model itself with weight 1."""
        model = trained(self.predictor, self.name)
        # AutoGluon has no public way to these.
        weights = model._get_model_weights() if hasattr(model, "_get_model_weights") else {self.name: 1.0}
        # An ensemble of refitted models names them as they were before.
        refits = self.predictor.model_refit_map()
        names = refits if self.name in refits.values() else {}
        return {names.get(name, name): float(weight) for name, weight in weights.items()}

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """By AutoGluon's and the library's names, the number of trees included; of an ensemble, the weights."""
        model = trained(self.predictor, self.name)
        is_ensemble = hasattr(model, "_get_model_weights")
        return {"weights": self.weights} if is_ensemble else {**model.params, **model.params_trained}

    @property
    def is_exportable(self) -> bool:
        """Whether `append_members` can write it."""
        return all(trained(self.predictor, name).ag_key in EXPORTABLE for name in self.weights)


class AutoGluonRegressor(RegressorMixin, AutoGluonModel):
    """A model that predicts numbers."""

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.floating]:  # noqa: N803 (scikit-learn's name)
        """Values [N]."""
        return self.predictor.predict(numbered(X), model=self.name, as_pandas=False)


class AutoGluonClassifier(ClassifierMixin, AutoGluonModel):
    """A model that was fitted on the places of the labels in `classes`."""

    def __init__(self, predictor: Any, name: str, classes: NDArray[Any]) -> None:
        super().__init__(predictor, name)
        self.classes = classes
        self.classes_ = classes

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[np.floating]:  # noqa: N803 (scikit-learn's name)
        """Probabilities [N, C], in the order of `classes_`."""
        return self.predictor.predict_proba(numbered(X), model=self.name, as_pandas=False)

    def predict(self, X: NDArray[np.float32]) -> NDArray[Any]:  # noqa: N803 (scikit-learn's name)
        """The likeliest label of each row, [N]."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def numbered(rows: NDArray[np.float32]) -> pd.DataFrame:
    """Rows [N, F] as AutoGluon takes them: columns have names, which say nothing."""
    return pd.DataFrame(rows, columns=[str(place) for place in range(rows.shape[1])])


def trained(predictor: Any, name: str) -> Any:
    """AutoGluon's own object of one model."""
    return predictor._trainer.load_model(name)


def append_members(graph: ModelProto, model: AutoGluonModel) -> None:
    """Appends the members of a model to a graph that computes their columns, float32 [N, F].

    Args:
        graph: changed in place; its output becomes float32 probabilities [N, C], or values [N, 1].
        model: that `is_exportable`.
    """
    members = [trained(model.predictor, name) for name in model.weights]
    forests = [member_forest(each.ag_key, each.model) for each in members]
    labels = len(getattr(model, "classes_", []))
    weights = np.array([list(model.weights.values())])
    append_forest(graph, _side_by_side(forests), _weighted(weights, labels), width=labels or 1)


def _side_by_side(forests: list[Forest]) -> Forest:
    """All trees in one forest, with targets of its own for each of the former ones."""
    targets = len(forests[0].start)
    trees = [
        replace(tree, target=place * targets + tree.target)
        for place, forest in enumerate(forests)
        for tree in forest.trees
    ]
    return Forest(trees=trees, start=np.concatenate([forest.start for forest in forests]))


def _weighted(weights: NDArray[np.float64], labels: int) -> list[NodeProto]:
    """Nodes from the sums of M members to the weighted mean of their answers.

    Args:
        weights: [1, M].
        labels: 0 where numbers are predicted; of two labels, members have one sum: that of the second.
    """
    targets = labels if labels > 2 else 1
    if targets > 1:
        answers = node("Softmax", ["members"], "answers", axis=2)
    else:
        answers = node("Sigmoid" if labels else "Identity", ["members"], "answers")
    return [
        constant("by_member", np.array([-1, weights.shape[1], targets])),
        node("Reshape", ["sums", "by_member"], "members"),
        answers,
        constant("weights", weights),
        node("MatMul", ["weights", "answers"], "weighted"),
        constant("by_target", np.array([-1, targets])),
        node("Reshape", ["weighted", "by_target"], "second" if labels == 2 else "exact"),
        *(both_classes() if labels == 2 else []),
    ]
