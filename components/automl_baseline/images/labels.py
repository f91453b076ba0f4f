"""How probable each label of an item is to a model that was not fitted on the item."""

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

FOLDS = 5


@dataclass(frozen=True)
class HeadKind:
    """A linear classifier of features.

    Attributes:
        head: logistic regression; or linear discriminant analysis, which is the nearest class mean in a space where
            all classes have the same spread, shrunk as Ledoit and Wolf 2004 (doi:10.1016/S0047-259X(03)00096-4) do.
        regularisation: of logistic regression, scikit-learn's C. Small, since features are many and labels few.
    """

    head: Literal["logistic_regression", "linear_discriminant_analysis"] = "logistic_regression"
    regularisation: float = 0.03

    def estimator(self) -> LogisticRegression | LinearDiscriminantAnalysis:
        """The classifier, unfitted."""
        if self.head == "linear_discriminant_analysis":
            return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
        return LogisticRegression(C=self.regularisation, max_iter=300)


USUAL = HeadKind()


def out_of_fold(
    features: NDArray[np.floating],
    labels: NDArray[np.int_],
    groups: NDArray[Any],
    num_classes: int,
    seed: int,
    kind: HeadKind = USUAL,
) -> NDArray[np.float32]:
    """Probabilities of each row by a classifier that has seen neither the row nor one of its group.

    Args:
        features: float [N, F].
        labels: int [N], 0..C-1.
        groups: [N]; equal values are never on both sides, so that copies do not vouch for each other.
        num_classes: C. A class that a fold's training rows lack gets probability 0 there.
        seed: of the folds.
        kind: of the classifier.

    Returns:
        float32 [N, C]; rows are uniform where there are too few groups, or only one row of each class, to hold any out.
    """
    probabilities = np.full((len(labels), num_classes), 1 / num_classes, np.float32)
    folds = min(FOLDS, len(np.unique(groups)), int(np.bincount(labels).max(initial=0)))
    if folds < 2:
        return probabilities
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label rarer than the folds is unknown to some of them: as it should be.
        warnings.filterwarnings("ignore", message="The least populated class")
        splits = list(splitter.split(features, labels, groups))
    for known, held_out in splits:
        fitted = fit(features[known], labels[known], kind)
        probabilities[held_out] = predict(fitted, features[held_out], num_classes)
    return probabilities


@dataclass(frozen=True)
class Linear:
    """A linear classifier on standardised features, fitted."""

    scaler: StandardScaler
    classifier: LogisticRegression | LinearDiscriminantAnalysis


def fit(features: NDArray[np.floating], labels: NDArray[np.int_], kind: HeadKind = USUAL) -> Linear | int:
    """A classifier of features, float [N, F], and labels, int [N]; the only class where there is no second."""
    if len(set(labels)) < 2:
        return int(labels[0])
    scaler = StandardScaler().fit(features)
    return Linear(scaler, kind.estimator().fit(scaler.transform(features), labels))


def predict(fitted: Linear | int, features: NDArray[np.floating], num_classes: int) -> NDArray[np.float32]:
    """Probabilities by what `fit` gave: float32 [N, C]."""
    probabilities = np.zeros((len(features), num_classes), np.float32)
    if isinstance(fitted, int):
        probabilities[:, fitted] = 1
    elif len(features):
        scaled = fitted.scaler.transform(features)
        probabilities[:, fitted.classifier.classes_] = fitted.classifier.predict_proba(scaled)
    return probabilities
