"""How probable each label of an item is to a model that was not fitted on the item."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

FOLDS = 5
# scikit-learn's C. Small, since features are many and labels few.
REGULARISATION = 0.03
CANDIDATES = (0.003, 0.03, 0.3)


def out_of_fold(
    features: NDArray[np.floating],
    labels: NDArray[np.int_],
    groups: NDArray[Any],
    num_classes: int,
    seed: int,
    regularisation: float = REGULARISATION,
) -> NDArray[np.float32]:
    """Probabilities of each row by a classifier that has seen neither the row nor one of its group.

    Args:
        features: float [N, F].
        labels: int [N], 0..C-1.
        groups: [N]; equal values are never on both sides, so that copies do not vouch for each other.
        num_classes: C. A class that a fold's training rows lack gets probability 0 there.
        seed: of the folds.
        regularisation: scikit-learn's C.

    Returns:
        float32 [N, C]; rows are uniform where there are too few groups to hold any out.
    """
    probabilities = np.full((len(labels), num_classes), 1 / num_classes, np.float32)
    folds = min(FOLDS, len(np.unique(groups)))
    if folds < 2:
        return probabilities
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for known, held_out in splitter.split(features, labels, groups):
        fitted = fit(features[known], labels[known], regularisation)
        probabilities[held_out] = predict(fitted, features[held_out], num_classes)
    return probabilities


@dataclass(frozen=True)
class Linear:
    """Logistic regression on standardised features, fitted."""

    scaler: StandardScaler
    regression: LogisticRegression


def fit(
    features: NDArray[np.floating], labels: NDArray[np.int_], regularisation: float = REGULARISATION
) -> Linear | int:
    """A linear classifier of features, float [N, F], and labels, int [N]; the only class where there is no second."""
    if len(set(labels)) < 2:
        return int(labels[0])
    scaler = StandardScaler().fit(features)
    regression = LogisticRegression(C=regularisation, max_iter=300)
    return Linear(scaler, regression.fit(scaler.transform(features), labels))


def predict(fitted: Linear | int, features: NDArray[np.floating], num_classes: int) -> NDArray[np.float32]:
    """Probabilities by what `fit` gave: float32 [N, C]."""
    probabilities = np.zeros((len(features), num_classes), np.float32)
    if isinstance(fitted, int):
        probabilities[:, fitted] = 1
    elif len(features):
        scaled = fitted.scaler.transform(features)
        probabilities[:, fitted.regression.classes_] = fitted.regression.predict_proba(scaled)
    return probabilities
