"""Heads on a frozen backbone, learned from cached features, beside the same steps with the backbone run in each one.

    python -m benchmarks.cached_features --images 200

Both sides are fine-tuning's own first stage (SSDLite on MobileNetV2, 320 pixels, 16 images a step), on images by code
and with random weights, which take as long as any others. They take turns, so that both meet the same machine.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from graduate.components.data.items import Box, Item
from graduate.components.fine_tune.loop.batches import batches
from graduate.components.fine_tune.loop.step import Step
from graduate.components.fine_tune.loop.variables import Variables
from graduate.components.fine_tune.own.module import OwnModule
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.tasks.detection_learner import DetectionLearner, LabelledFeatures, LabelledImages
from graduate.components.fine_tune.tasks.detection_levers import LEARNING_RATE
from graduate.components.fine_tune.tasks.image_levers import image_defaults
from graduate.components.models import features
from graduate.components.models.detection.detector import SSDLITE, build
from graduate.components.models.detection.labels import box_arrays
from graduate.components.models.detection.training import FeatureSource
from graduate.components.models.features import FeatureCache
from graduate.components.models.image_data import decode_images
from graduate.components.models.views import boxes_of_views

_SIZE = 320
_LABELS = ["a", "b"]
_BATCH = 16
_BLOCK = 5  # steps in a turn
_WARM_UP = 3  # steps, in which graphs are traced and the queue of batches is filled


def main() -> None:
    """Makes the images, lets both sides take their steps in turns, and prints the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        items = _items(Path(scratch), options.images)
        config = _config(items, options.steps)
        cached, cost, views = _with_cache(items, config, Path(scratch))
        room, features.MOST_BYTES = features.MOST_BYTES, 0  # without room on disk the stage does without the cache
        without = _steps(_learner(items, config, Path(scratch)), config)
        features.MOST_BYTES = room
        sides = {"cached features": cached, "backbone in each step": without}
        spent = {name: np.zeros(2) for name in sides}
        for _ in range(options.steps // _BLOCK):
            for name, steps in sides.items():
                spent[name] += sum(next(steps) for _ in range(_BLOCK))
    _print(options, spent, cost, views)


def _config(items: list[Item], steps: int) -> FineTuneConfig:
    """The defaults, but that the backbone stays frozen throughout."""
    total = steps + _WARM_UP
    given = FineTuneConfig(
        batch_size=_BATCH, num_steps=total, unfreeze_at_step=total, architecture=SSDLITE, image_size=_SIZE
    )
    others = {"num_classes": len(_LABELS), "fine_tune_checkpoint_type": "none"}
    return given.with_defaults(**image_defaults(given, len(items), True, LEARNING_RATE), **others)


def _with_cache(items: list[Item], config: FineTuneConfig, folder: Path) -> tuple[Iterator[NDArray], NDArray, int]:
    """Costs of the steps as they are taken, the cost of the features, and in how many views they are."""
    learner = _learner(items, config, folder)
    start = _clocks()
    learner.stages[0].fetch(np.arange(1))
    return _steps(learner, config), _clocks() - start, learner.stages[0].count // len(items)


def _learner(items: list[Item], config: FineTuneConfig, folder: Path) -> DetectionLearner:
    detector = build(SSDLITE, len(_LABELS), _SIZE)
    _, pixels = decode_images(items, _SIZE, folder)
    images = LabelledImages(items, pixels, box_arrays(items, _LABELS))

    def computed(views: int) -> LabelledFeatures:
        cache = FeatureCache(detector.backbone, {"train": items}, folder, views, 0, config.augmentation)
        source = FeatureSource(cache.at(_SIZE)["train"], np.arange(views * len(items)))
        return LabelledFeatures(source, boxes_of_views(images.truth, views, 0, config.augmentation))

    nothing = LabelledImages([], pixels[:0], box_arrays([], _LABELS))
    return DetectionLearner(detector, config, OwnModule(), _LABELS, images, nothing, computed)


def _steps(learner: DetectionLearner, config: FineTuneConfig) -> Iterator[NDArray]:
    """Yields the cost of each step of the first stage, those of the warm-up left out."""
    stage = learner.stages[0]
    stage.begin()
    variables = Variables(learner, config, None)
    variables.begin(stage, goes_on=False)
    step = Step(stage, variables.heads, variables.backbone, config.gradient_clipping_by_norm, variables.averages)
    start = _clocks()
    for number, batch in enumerate(batches(stage, config, 0, config.num_steps or 0)):
        gradients, _ = step.gradients(batch, 1.0, False)
        step.apply(gradients, number + 1)
        if number >= _WARM_UP:
            yield _clocks() - start
        start = _clocks()


def _clocks() -> NDArray[np.float64]:
    """Seconds of the wall's clock, and of all threads' work, which others on the machine do not touch: float64 [2]."""
    return np.array([time.monotonic(), time.process_time()])


def _print(options: argparse.Namespace, spent: dict[str, NDArray], cost: NDArray, views: int) -> None:
    steps = options.steps // _BLOCK * _BLOCK
    print("", "| | seconds a step | images a second | CPU seconds a step |", "| --- " * 4 + "|", sep="\n")
    for name, (seconds, cpu_seconds) in spent.items():
        print(f"| {name} | {seconds / steps:.3f} | {steps * _BATCH / seconds:.1f} | {cpu_seconds / steps:.3f} |")
    cached, without = (each / steps for each in spent.values())
    print(
        f"\nThe cache makes a step {without[0] / cached[0]:.1f} times as fast ({without[1] / cached[1]:.1f} by CPU). "
        f"Computing it took {cost[0]:.1f} s ({cost[1]:.1f} CPU s), once, for {options.images} images in {views} views: "
        f"it pays from step {cost[0] / (without[0] - cached[0]):.0f} on."
    )


def _items(folder: Path, count: int) -> list[Item]:
    """Images of coarse noise with a box each."""
    rng, items = np.random.default_rng(0), []
    for number in range(count):
        file = folder / f"{number}.png"
        noise = Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8))
        noise.resize((_SIZE, _SIZE), Image.Resampling.BILINEAR).save(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        y, x = rng.random(2) / 2
        box = Box(_LABELS[number % 2], x, y, x + 0.4, y + 0.4)
        items.append(Item(file.name, str(file), "by code", digest, "train", _SIZE, _SIZE, "", boxes=[box]))
    return items


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--steps", type=int, default=30)
    return parser.parse_args()


if __name__ == "__main__":
    main()
