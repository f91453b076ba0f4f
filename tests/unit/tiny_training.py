"""A tiny network with all that a training loop must keep: dropout, batch normalisation, two stages.

As a program it trains, and prints its curve as JSON: `python tiny_training.py PLACE WEIGHTS [KILL_AT]`.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from graduate.components.fine_tune.loop.learner import Stage, WeightedSum
from graduate.components.fine_tune.loop.outcome import Outcome
from graduate.components.fine_tune.loop.run import run
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.models.training import set_seed

STEPS, UNFREEZE_AT = 24, 10
CONFIG = FineTuneConfig(
    batch_size=8,
    num_steps=STEPS,
    learning_rate=0.02,
    weight_decay=0.1,
    ema_decay=0.9,
    warmup_steps=2,
    decay_steps=STEPS,
    unfreeze_at_step=UNFREEZE_AT,
    backbone_learning_rate_factor=0.1,
    freeze_batch_norm=False,
    evaluate_every=8,
    checkpoint_every=5,
    early_stopping_patience=0,
)


class TinyLearner:
    """Learns the sum of four numbers; calls `at` with what it is about to do, such as `begin all` or `fetch 3`."""

    metric = "error"
    higher_is_better = False

    def __init__(self, at: Callable[[str], None] = lambda event: None) -> None:
        set_seed(0)
        rng = np.random.default_rng(0)
        self.inputs = rng.normal(size=(40, 4)).astype(np.float32)
        self.targets = self.inputs.sum(axis=1, keepdims=True)
        self.body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6), keras.layers.BatchNormalization()])
        self.head = keras.layers.Dense(1)
        self.network = keras.Sequential([self.body, keras.layers.Dropout(0.2), self.head])
        self.at, self.fetched = at, 0
        self.loss: Callable[[tf.Tensor], tf.Tensor] = tf.square
        self.stages = [self._stage("heads", 0, []), self._stage("all", UNFREEZE_AT, self.body.trainable_variables)]

    def validate(self) -> dict[str, float]:
        self.at("validate")
        return {"error": float(np.abs(self.network(self.inputs).numpy() - self.targets).mean())}

    def weights(self) -> list[np.ndarray]:
        return [each.numpy() for each in self.network.variables]

    def _stage(self, name: str, first_step: int, backbone: list) -> Stage:
        def begin() -> None:
            self.at(f"begin {name}")
            self.body.trainable = bool(backbone)

        heads = list(self.head.trainable_variables)
        return Stage(name, first_step, begin, heads, backbone, len(self.inputs), self._fetch, self._losses)

    def _fetch(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        self.fetched += 1
        self.at(f"fetch {self.fetched}")
        return {"inputs": self.inputs[chosen], "targets": self.targets[chosen]}

    def _losses(self, batch) -> dict[str, WeightedSum]:
        changed = batch["inputs"] + 0.1 * batch["draws"][:, :4]
        errors = self.loss(self.network(changed, training=True) - batch["targets"])
        return {"square": WeightedSum(tf.reduce_sum(errors), tf.cast(tf.shape(errors)[0], tf.float32))}


def train(place: str | Path, learner: TinyLearner, fingerprint: str = "tiny", log_dir: str = "", **levers) -> Outcome:
    """Trains with `CONFIG`, some levers set otherwise."""
    config = CONFIG.model_copy(update=levers)
    return run(learner, config, place=str(place), fingerprint=fingerprint, log_dir=log_dir)


def main(place: str, weights: str, kill_at: str = "") -> None:
    """Trains; kills itself at an event of the learner."""

    def die(event: str) -> None:
        if event == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    learner = TinyLearner(die)
    outcome = train(place, learner)
    np.savez(weights, *learner.weights(), allow_pickle=False)
    print(json.dumps([outcome.resumed_from, outcome.curve]))


if __name__ == "__main__":
    main(*sys.argv[1:])
