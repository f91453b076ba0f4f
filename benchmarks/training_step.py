"""A step of the training loop, with all that feeds it, beside a bare train step on tensors that lie in memory.

    python -m benchmarks.training_step --architecture ssdlite_mobilenet_v2

The loop is fine-tuning's own, on decoded images in a file: batches, random changes, losses, clipping, and the check of
each loss. The bare step has the same network, losses and optimiser. They take turns, so that both meet the same
machine: the loop rests while its learner, asked to validate, takes bare steps.
"""

import argparse
import hashlib
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.gate_images import photograph
from graduate.components.data.items import Box, Item
from graduate.components.fine_tune.loop.run import run
from graduate.components.fine_tune.own.module import OwnModule
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.settings.optimizers import make_optimizer
from graduate.components.fine_tune.tasks.detection_learner import DetectionLearner, LabelledFeatures, LabelledImages
from graduate.components.fine_tune.tasks.detection_levers import LEARNING_RATE
from graduate.components.fine_tune.tasks.image_levers import image_defaults
from graduate.components.models.detection.detector import DETECTORS, SSDLITE, Detector, backbone_of, build
from graduate.components.models.detection.labels import box_arrays
from graduate.components.models.detection.losses import image_losses
from graduate.components.models.image_data import decode_images
from graduate.components.models.image_input import scaled

_LABELS = ["a", "b"]
_BATCHES = 4  # that the bare step has in memory


class TakingTurns(DetectionLearner):
    """Takes bare steps where others validate, and notes what the loop's steps since the last ones cost, and those."""

    def begin(self, bare: Callable[[], float], turn: int) -> None:
        """Starts the clock.

        Args:
            bare: takes a step.
            turn: number of steps in a turn.
        """
        self._bare, self._turn, self._since = bare, turn, _clocks()
        self.costs: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def validate(self) -> dict[str, float]:
        """No metrics."""
        start = _clocks()
        for _ in range(self._turn):
            self._bare()
        self.costs.append((start - self._since, _clocks() - start))
        self._since = _clocks()
        return {}


def main() -> None:
    """Makes the images, lets both sides take their steps, and prints the table."""
    options = _options()
    size = backbone_of(options.architecture).image_size
    config = _config(options, size)
    with tempfile.TemporaryDirectory() as scratch:
        learner = _learner(_items(Path(scratch), options.images), config, size, Path(scratch))
        learner.begin(_bare_step(build(options.architecture, len(_LABELS), size), learner, config), options.turn)
        run(learner, config, place="", fingerprint="")
    # In the first turn graphs are traced.
    turns = np.array(learner.costs[1:]) / options.turn
    _print(options, turns)


def _bare_step(detector: Detector, learner: DetectionLearner, config: FineTuneConfig) -> Callable[[], float]:
    """A step like that of Keras' own `train_step`, on batches that are ready for the network."""
    variables = detector.network.trainable_variables
    optimizer = make_optimizer(config)
    optimizer.global_clipnorm = config.gradient_clipping_by_norm
    anchors = tf.constant(detector.anchors.boxes)
    stage = learner.stages[0]

    @tf.function
    def step(images: tf.Tensor, boxes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        labels, boxes = detector.assign(boxes, labels)
        with tf.GradientTape() as tape:
            logits, codes = detector.network(images, training=True)
            losses = image_losses(logits, codes, anchors, labels, boxes)
            count = tf.reduce_sum(tf.maximum(losses.anchors, 1.0))
            loss = tf.reduce_sum(losses.classification + losses.localisation) / count
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    ready = []
    for start in range(_BATCHES):
        batch = stage.fetch(np.arange(start, start + (config.batch_size or 0)))
        ready.append((scaled(tf.constant(batch["images"])), tf.constant(batch["boxes"]), tf.constant(batch["labels"])))
    turns = itertools.cycle(ready)
    return lambda: float(step(*next(turns)))


def _config(options: argparse.Namespace, size: int) -> FineTuneConfig:
    """The defaults of a training from nothing: all of the network learns from the first step on."""
    given = FineTuneConfig(
        architecture=options.architecture,
        image_size=size,
        batch_size=options.batch_size,
        num_steps=options.turn * (options.turns + 1),
        evaluate_every=options.turn,
    )
    defaults = image_defaults(given, options.images, False, LEARNING_RATE)
    return given.with_defaults(**(defaults | {"num_classes": len(_LABELS), "fine_tune_checkpoint_type": "none"}))


def _learner(items: list[Item], config: FineTuneConfig, size: int, folder: Path) -> TakingTurns:
    _, pixels = decode_images(items, size, folder)
    images = LabelledImages(items, pixels, box_arrays(items, _LABELS))
    nothing = LabelledImages([], pixels[:0], box_arrays([], _LABELS))
    detector = build(config.architecture or "", len(_LABELS), size)

    def refused(views: int) -> LabelledFeatures:
        raise AssertionError("all of the network learns from images")

    return TakingTurns(detector, config, OwnModule(), _LABELS, images, nothing, refused)


def _items(folder: Path, count: int) -> list[Item]:
    """Pictures with three boxes each."""
    rng, items = np.random.default_rng(0), []
    for number in range(count):
        file = folder / f"{number}.jpg"
        picture = photograph(rng)
        picture.save(file, quality=85)
        corners = rng.random((3, 2)) / 2
        boxes = [Box(_LABELS[place % 2], x, y, x + 0.4, y + 0.4) for place, (x, y) in enumerate(corners.tolist())]
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        items.append(Item(file.name, str(file), "by code", digest, "train", *picture.size, "", boxes=boxes))
    return items


def _clocks() -> NDArray[np.float64]:
    """Seconds of the wall's clock, and of all threads' work, which others on the machine do not touch: float64 [2]."""
    return np.array([time.monotonic(), time.process_time()])


def _print(options: argparse.Namespace, turns: NDArray[np.float64]) -> None:
    """Prints medians over the turns of seconds a step: float64 [turns, 2 sides, 2 clocks]."""
    print("", "| | seconds a step | images a second | CPU seconds a step |", "| --- " * 4 + "|", sep="\n")
    for name, (seconds, cpu_seconds) in zip(("training loop", "bare step"), np.median(turns, axis=0), strict=True):
        print(f"| {name} | {seconds:.3f} | {options.batch_size / seconds:.1f} | {cpu_seconds:.3f} |")
    wall, cpu = np.median(turns[:, 0] / turns[:, 1], axis=0)
    print(f"\nA step of the loop takes {wall:.2f} times as long as a bare one ({cpu:.2f} by CPU).")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=DETECTORS, default=SSDLITE)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--turn", type=int, default=5, help="steps in a turn")
    return parser.parse_args()


if __name__ == "__main__":
    main()
