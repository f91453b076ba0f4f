"""What the data-quality gate costs on images: all of its steps on them, beside decoding the same files alone.

    python -m benchmarks.gate_images --images 10000

The files are JPEG photographs by code: soft light, coloured things with edges and shadows, and the noise of a sensor.
Each side runs in a process of its own with the same threads; the ratio is of seconds.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.memory import peak_mib
from graduate.components.data.dataset import Dataset
from graduate.components.data.images import decode, read_image
from graduate.components.data.items import SPLITS, Task
from graduate.components.data.threads import map_in_order
from graduate.components.data_quality_gate.drift.image_drift import image_drift
from graduate.components.data_quality_gate.duplicates.copies import duplicates_and_overlap
from graduate.components.data_quality_gate.findings import Finding
from graduate.components.data_quality_gate.schema.image_properties import measure_images
from graduate.components.data_quality_gate.schema.image_quality import image_quality
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models.folder import ModelFolder

_SIZE = (640, 480)
_LABELS = ("indoors", "outdoors")


class Cost(NamedTuple):
    """Of one side."""

    seconds: float
    peak_mib: float
    findings: list[str]


def main() -> None:
    """Makes and imports the images, measures both sides, and prints the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _make_images(folder / "images", options.images)
        read_dataset(source=str(folder / "images"), task=Task.IMAGE_CLASSIFICATION, output=folder / "dataset")
        costs = {side.__name__: _measured(side, folder / "dataset") for side in (decoding_alone, gate)}
    print("", "| | seconds | images a second | peak memory, MiB | findings |", "| --- " * 5 + "|", sep="\n")
    for name, cost in costs.items():
        found = ", ".join(cost.findings)
        print(
            f"| {name} | {cost.seconds:.1f} | {options.images / cost.seconds:,.0f} | {cost.peak_mib:,.0f} | {found} |"
        )
    print(f"\nThe gate takes {costs['gate'].seconds / costs['decoding_alone'].seconds:.2f} times as long as decoding.")


def decoding_alone(data: Dataset) -> list[str]:
    """Reads, checks and decodes every image."""
    items = (item for split in SPLITS for item in data.items(split))
    for _ in map_in_order(lambda item: decode(read_image(item)).shape, items):
        pass
    return []


def gate(data: Dataset) -> list[str]:
    """The gate's steps on images: quality, duplicates and overlap, drift."""
    baseline = ModelFolder(
        path=data.path / "none",
        name="none",
        task=data.task,
        labels=data.labels,
        framework="scikit-learn",
        pretrained="Nothing.",
        dataset_digests=data.digests,
        input={"kind": "image", "name": "image", "height": 64, "width": 64},
    )
    images = measure_images(data)
    found = [*image_quality(data, images), *duplicates_and_overlap(data, baseline), *image_drift(data, images)]
    return [f"{each.rule} {len(each.cases)}" for each in found if isinstance(each, Finding)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    return parser.parse_args()


def _make_images(folder: Path, count: int) -> None:
    for label in _LABELS:
        (folder / label).mkdir(parents=True)
    for number in range(count):
        picture = photograph(np.random.default_rng(number))
        picture.save(folder / _LABELS[number % len(_LABELS)] / f"{number:05d}.jpg", quality=85)


def photograph(rng: np.random.Generator) -> Image.Image:
    """A picture with the statistics of a photograph: light that falls off, things, and fine grain."""
    light = Image.fromarray(rng.integers(60, 230, (4, 5, 3), np.uint8)).resize(_SIZE, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(light)
    for _ in range(int(rng.integers(8, 25))):
        centre, radius = rng.uniform((0, 0), _SIZE), rng.uniform(10, 120, 2)
        corners = (*(centre - radius).tolist(), *(centre + radius).tolist())
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape(corners, fill=tuple(rng.integers(0, 256, 3).tolist()))
    soft = light.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5)))
    grain: NDArray[np.float32] = rng.standard_normal((_SIZE[1], _SIZE[0], 1), np.float32) * rng.uniform(2, 6)
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))


def _measured(side: Callable[[Dataset], list[str]], dataset: Path) -> Cost:
    """Runs one side in a fresh process, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_run, args=(side, dataset, answers))
    process.start()
    answer = json.loads(answers.get())
    process.join()
    return Cost(**answer)


def _run(side: Callable[[Dataset], list[str]], dataset: Path, answers: "multiprocessing.Queue[str]") -> None:
    start = time.perf_counter()
    findings = side(Dataset.open(dataset))
    seconds = time.perf_counter() - start
    answers.put(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "findings": findings}))


if __name__ == "__main__":
    main()
