"""Weights of members whose probabilities or values are averaged, learned on the validation split.

The weights are a softmax. The loss is convex in them (Hastie, Tibshirani and Friedman, "The Elements of Statistical
Learning", 2009, section 8.8, stacking), so that every start ends in the same place; it begins with equal weights.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

# A member with less is left out: it costs as much time as the others.
LEAST_WEIGHT = 0.01
SMALLEST = np.finfo(np.float64).eps  # where metrics clip probabilities
_HALVINGS = 12  # of the prior, after which it counts as next to nothing


@dataclass(frozen=True)
class Loss(ABC):
    """What the members' weighted mean costs, over items of a split.

    Attributes:
        values: what each member has to do with each item, [N, ..., M].
    """

    values: NDArray[np.float64]

    @property
    def members(self) -> int:
        """M."""
        return self.values.shape[-1]

    @abstractmethod
    def of(self, weights: NDArray[np.float64]) -> float:
        """The mean loss of an item, for weights [M] with a sum of 1."""

    @abstractmethod
    def surprise(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The negative log-likelihood of all items, up to a constant, and its slope by weight, [M]."""


class LogLoss(Loss):
    """The log loss of a weighted mean of probabilities.

    Its `values` are [N, L, M]: the probability, from `SMALLEST` on, that each member gives to what is true: of one
    question (which label the item has), or of L questions (whether it has each label), whose mean counts.
    """

    def of(self, weights: NDArray[np.float64]) -> float:
        return float(-np.log(self.values @ weights).mean())

    def surprise(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        mixed = self.values @ weights
        slope = np.einsum("nlm,nl->m", self.values, 1 / mixed) / mixed.shape[1]
        return float(-np.log(mixed).mean(axis=1).sum()), -slope


class SquaredError(Loss):
    """The squared error of a weighted mean of values; its `values` are [N, M]: predicted minus true."""

    def of(self, weights: NDArray[np.float64]) -> float:
        return float(((self.values @ weights) ** 2).mean())

    def surprise(self, weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """As if errors were normal, with the variance of the best member."""
        squared = (self.values**2).mean(axis=0)
        variance = max(squared.min(), 1e-9 * squared.max(), np.finfo(np.float64).tiny)  # one may be right always
        mixed = self.values @ weights
        return float(mixed @ mixed / variance / 2), mixed @ self.values / variance


def learn_weights(loss: Loss) -> NDArray[np.float64]:
    """The most probable weights of members, given what they said of the validation items.

    A small split says little of the weights, so the belief in equal ones counts as an item for each member (a Dirichlet
    prior, Laplace's rule); in simulations that lost no more than a prior chosen by cross-validation. It counts for less
    where the mixture would otherwise be worse on the split than the best member alone, and where that does not help,
    this one has all the weight.

    Args:
        loss: of the validation items.

    Returns:
        [M] with a sum of 1; those below `LEAST_WEIGHT` are 0.
    """
    alone, prior = best_alone(loss), float(loss.members)
    for _ in range(_HALVINGS):
        weights = without_small(_fit(loss, prior))
        if loss.of(weights) < loss.of(alone):
            return weights
        prior /= 2
    return alone


def best_alone(loss: Loss) -> NDArray[np.float64]:
    """All weight on the member that loses least."""
    return min(np.eye(loss.members), key=loss.of)


def without_small(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights with 0 in the place of those below `LEAST_WEIGHT`, and again a sum of 1."""
    kept = np.where(weights < LEAST_WEIGHT, 0, weights)
    return kept / kept.sum()


def _fit(loss: Loss, prior: float) -> NDArray[np.float64]:
    """The most probable weights under a Dirichlet prior around equal ones, which counts as `prior` items."""
    equal = np.full(loss.members, 1 / loss.members)

    def surprise(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = softmax(theta)
        of_items, slope = loss.surprise(weights)
        # The softmax turns a slope by weight into one by theta; that of the prior is simple.
        by_theta = weights * (slope - weights @ slope) + prior * (weights - equal)
        return of_items - prior * float(equal @ log_softmax(theta)), by_theta

    return softmax(minimize(surprise, np.zeros(loss.members), jac=True, method="L-BFGS-B").x)
