"""One worker of a training, or a training of one.

`python training_worker.py PLACE WEIGHTS STEPS SECONDS_PER_BATCH LATE` prints its curve as JSON. All workers but the
first are LATE seconds late with their first batch. The network has a frozen batch normalisation and a trainable one.
"""

import json
import sys
import time
from itertools import chain, repeat

import keras
import numpy as np
import tensorflow as tf

from graduate.components.fine_tune.loop import workers
from graduate.components.fine_tune.loop.learner import Stage, WeightedSum
from graduate.components.fine_tune.loop.run import run
from graduate.components.fine_tune.settings.config import FineTuneConfig

UNFREEZE_AT = 5


class Learner:
    """Learns the mean brightness of small pictures."""

    metric = "error"
    higher_is_better = False

    def __init__(self, seconds_per_batch: float, late: float) -> None:
        rng = np.random.default_rng(0)
        self.images = rng.normal(size=(64, 8, 8, 3)).astype(np.float32)
        self.targets = 10 * self.images.mean(axis=(1, 2, 3))[:, None]
        self.pauses = chain([late], repeat(seconds_per_batch))
        body = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(trainable=False), keras.layers.ReLU()]
        # One that is not synchronised sees the statistics of a worker's part only.
        norm = keras.layers.BatchNormalization(synchronized=True)
        head = [norm, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
        self.network = keras.Sequential([keras.Input((8, 8, 3)), *body, *head])
        heads, backbone = [v for layer in head for v in layer.trainable_variables], body[0].trainable_variables
        self.stages = [self._stage("heads", 0, heads, []), self._stage("all", UNFREEZE_AT, heads, backbone)]

    def validate(self) -> dict[str, float]:
        return {"error": float(np.abs(self.network(self.images).numpy() - self.targets).mean())}

    def _stage(self, name: str, first_step: int, heads: list, backbone: list) -> Stage:
        return Stage(name, first_step, lambda: None, heads, backbone, len(self.images), self._fetch, self._losses)

    def _fetch(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        time.sleep(next(self.pauses))
        return {"images": self.images[chosen], "targets": self.targets[chosen]}

    def _losses(self, batch) -> dict[str, WeightedSum]:
        changed = batch["images"] + 0.1 * batch["draws"][:, :1, None, None]
        errors = tf.square(self.network(changed, training=True) - batch["targets"])
        # As of boxes in images, the weight differs from part to part of a batch.
        weights = tf.cast(batch["targets"] > 0, tf.float32) + 0.1
        return {"square": WeightedSum(tf.reduce_sum(errors * weights), tf.reduce_sum(weights))}


def main(place: str, weights: str, steps: int, seconds_per_batch: float, late: float) -> None:
    workers.PATIENCE_SECONDS = 5.0
    rank = workers.workers().rank
    keras.utils.set_random_seed(1)
    config = FineTuneConfig(
        batch_size=8,
        num_steps=steps,
        learning_rate=0.01,
        ema_decay=0.9,
        warmup_steps=2,
        backbone_learning_rate_factor=0.1,
        evaluate_every=steps,  # so that the last weights are the best ones
        checkpoint_every=3,
        early_stopping_patience=0,
    )
    with workers.strategy().scope():
        learner = Learner(seconds_per_batch, late if rank else 0)
    outcome = run(learner, config, place=place, fingerprint="workers", log_dir=f"{place}/log" if place else "")
    print(json.dumps([outcome.resumed_from, outcome.curve]))
    np.savez(f"{weights}-{rank}.npz", *[each.numpy() for each in learner.network.variables], allow_pickle=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
