"""Weights of members: where they come to rest, and what they are held back from."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from graduate.components.build_ensemble.weights import LogLoss, SquaredError, best_alone, learn_weights

RNG = np.random.default_rng


def said(signal: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """The probability that a member with its own noise gives to what is true, [N]."""
    return 1 / (1 + np.exp(-(signal + noise * RNG(seed).normal(size=len(signal)))))


def mixed(count: int, *noises: float) -> LogLoss:
    signal = RNG(0).normal(1, 1, count)
    return LogLoss(np.stack([said(signal, noise, seed) for seed, noise in enumerate(noises, 1)], axis=-1)[:, None])


def test_on_a_large_split_weights_are_those_of_the_least_log_loss():
    loss = mixed(20_000, 0.8, 1.6)
    grid = np.linspace(0, 1, 2001)
    best = grid[np.argmin([loss.of(np.array([share, 1 - share])) for share in grid])]
    assert learn_weights(loss)[0] == pytest.approx(best, abs=0.01)
    assert 0.6 < best < 0.99


def test_on_a_large_split_weights_are_those_of_the_least_squared_error():
    truth, rng = RNG(0).normal(size=20_000), RNG(1)
    errors = np.stack([rng.normal(scale=scale, size=len(truth)) for scale in (1.0, 2.0)], axis=-1)
    # Of independent errors the weights are inverse to the variances: 1 / 1 and 1 / 4.
    assert learn_weights(SquaredError(errors)) == pytest.approx([0.8, 0.2], abs=0.01)


def test_on_a_small_split_equally_good_members_weigh_about_the_same():
    signal = RNG(0).normal(1, 1, 60 * 20)
    columns = [said(signal, 1.0, seed) for seed in (1, 2, 3)]
    splits = np.stack(columns, axis=-1).reshape(20, 60, 1, 3)
    highest = [learn_weights(LogLoss(split)).max() for split in splits]
    assert np.median(highest) < 0.5


def test_a_member_that_only_guesses_is_left_out():
    signal = RNG(0).normal(1, 1, 3000)
    guess = RNG(9).uniform(0.001, 0.999, len(signal))
    weights = learn_weights(LogLoss(np.stack([said(signal, 1, 1), said(signal, 1, 2), guess], axis=-1)[:, None]))
    assert weights[2] == 0
    assert weights.sum() == pytest.approx(1)
    assert weights[:2] == pytest.approx([0.5, 0.5], abs=0.05)


def test_members_that_say_the_same_leave_one_of_them_alone():
    one = mixed(100, 1.0).values
    assert learn_weights(LogLoss(np.concatenate([one, one, one], axis=-1))).tolist() == [1, 0, 0]


@pytest.mark.parametrize("seed", range(6))
def test_no_ensemble_is_worse_on_the_split_than_its_best_member(seed: int):
    values = RNG(seed).uniform(0.01, 1, (15, 1, 8)) ** RNG(seed).uniform(0.2, 3, 8)
    errors = RNG(seed).normal(size=(15, 8)) * RNG(seed).uniform(0.01, 3, 8)
    for loss in (LogLoss(values), SquaredError(errors)):
        weights = learn_weights(loss)
        assert loss.of(weights) <= loss.of(best_alone(loss))
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()


def test_a_member_without_any_error_gets_all_the_weight():
    errors = np.stack([np.zeros(50), RNG(0).normal(size=50)], axis=-1)
    assert learn_weights(SquaredError(errors)).tolist() == [1, 0]


def test_of_several_labels_the_mean_of_their_log_losses_counts():
    given, probabilities = RNG(0).random((40, 3)) < 0.4, RNG(1).uniform(0.05, 0.95, (40, 3, 2))
    loss = LogLoss(np.where(given[..., None], probabilities, 1 - probabilities))
    weights = np.array([0.3, 0.7])
    expected = np.mean([log_loss(given[:, label], probabilities[:, label] @ weights) for label in range(3)])
    assert loss.of(weights) == pytest.approx(expected)


@pytest.mark.parametrize("loss", [mixed(30, 0.5, 1.0, 2.0), SquaredError(RNG(0).normal(size=(30, 3)))])
def test_slopes_are_those_of_the_surprise(loss: LogLoss | SquaredError):
    weights, step = np.array([0.2, 0.3, 0.5]), 1e-6
    _, slope = loss.surprise(weights)
    measured = [
        (loss.surprise(weights + step * unit)[0] - loss.surprise(weights - step * unit)[0]) / (2 * step)
        for unit in np.eye(3)
    ]
    assert slope == pytest.approx(measured, rel=1e-5)
