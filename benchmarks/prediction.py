"""Batch prediction of JPEG files: ours beside two TensorFlow scripts, in turns, with the same answers.

    python -m benchmarks.prediction trained/ converted/ --images 400 --repeats 3

`trained/` is a model folder with saved_model/, `converted/` what `onnx_convert` made of it. Every side is a process of
its own that predicts a folder of pictures of 500 x 375 pixels and then another of twice as many: the difference is what
pictures cost, the rest what starting costs. Each figure is the median of the repeats.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.gate_images import photograph
from benchmarks.watched_process import Watched, watch
from graduate.components.models.folder import ModelFolder
from graduate.components.models.outputs import to_predictions

_SIZE = (500, 375)
_DIFFERENT = 100  # pictures; more are the same ones under other names
_SURE = 0.05

Command = Callable[[Path, Path], list[str]]


def main() -> None:
    """Makes the pictures, runs all sides in turns, compares the answers, and prints the table."""
    options = _options()
    sides = _sides(options.trained, options.converted, options.workers)
    runs: dict[str, list[tuple[Watched, Watched]]] = {name: [] for name in sides}
    with tempfile.TemporaryDirectory() as room:
        scratch = Path(room)
        few, many = (_pictures(scratch / str(count), count) for count in (options.images, 2 * options.images))
        for name in sides:
            (scratch / name).mkdir()
        for turn in range(options.repeats):
            for name in sides if turn % 2 == 0 else reversed(sides):
                pair = [watch(sides[name](each, scratch / name / f"{turn}-{each.name}")) for each in (few, many)]
                runs[name].append((pair[0], pair[1]))
                print(f"{name}, {turn + 1} of {options.repeats}: {_cost(pair[0], pair[1], options.images):.2f} ms")
        compared = _compare(ModelFolder.open(options.trained), scratch, f"0-{many.name}")
    _print(runs, options, compared)


def _sides(trained: Path, converted: Path, workers: int) -> dict[str, Command]:
    """The commands by the name of their side, for a folder of pictures and an output."""

    def script(way: str, model: Path) -> Command:
        head = [sys.executable, "-m", "benchmarks.prediction_scripts", way, str(model)]
        return lambda pictures, output: [*head, str(pictures), str(output)]

    def ours(pictures: Path, output: Path) -> list[str]:
        head = [sys.executable, "-m", "graduate.pipelines.cli", "component", "batch_predict", "--model", str(converted)]
        return [*head, "--workers", str(workers), "--input", str(pictures), "--output", str(output)]

    return {
        "one": script("one", trained),
        "batch": script("batch", trained),
        "graduate": ours,
        "bare": script("bare", converted),
    }


_TITLES = {
    "one": "TensorFlow, one at a time",
    "batch": "TensorFlow, 32 at a time",
    "graduate": "graduate",
    "bare": "decoding and inference alone, a process per core",
}


def _pictures(folder: Path, count: int) -> Path:
    """A folder of JPEG files."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for place in range(min(count, _DIFFERENT)):
        picture = photograph(rng).convert("RGB").resize(_SIZE, Image.Resampling.BILINEAR)
        picture.save(folder / f"{place:06d}.jpg", quality=90)
    for place in range(_DIFFERENT, count):
        (folder / f"{place:06d}.jpg").hardlink_to(folder / f"{place % _DIFFERENT:06d}.jpg")
    return folder


def _compare(source: ModelFolder, scratch: Path, run: str) -> str:
    """How far our answers are from those of either script, in a sentence."""
    results = sorted((scratch / "graduate" / run).glob("prediction.results-*"))
    ours = {Path(line["key"]).name: line["prediction"] for line in _lines(*results)}
    largest, others, compared = 0.0, 0, 0
    for way in ("one", "batch"):
        for line in _lines(scratch / way / run):
            mine = ours[Path(line.pop("file")).name]
            outputs = {key: np.asarray([value]) for key, value in line.items()}
            theirs: Any = to_predictions(source.task, source.labels, outputs)[0]
            sure = sum(confidence > _SURE for confidence in theirs["confidences"])
            compared, others = compared + 1, others + (mine["displayNames"][:sure] != theirs["displayNames"][:sure])
            both = list(zip(mine["confidences"], theirs["confidences"], strict=False))[:sure]
            largest = max([largest, *(abs(one - other) for one, other in both)])
    return (
        f"{compared:,} answers compared: {others:,} with other labels among those above {_SURE}, whose confidences "
        f"differ by {largest:.2g} at most."
    )


def _lines(*files: Path) -> Iterator[dict[str, Any]]:
    for file in files:
        with file.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _cost(few: Watched, many: Watched, images: int) -> float:
    """Milliseconds of CPU that a picture costs."""
    return 1e3 * (many.cpu - few.cpu) / images


def _print(runs: dict[str, list[tuple[Watched, Watched]]], options: argparse.Namespace, compared: str) -> None:
    images = options.images
    cpu = {name: statistics.median(_cost(few, many, images) for few, many in pairs) for name, pairs in runs.items()}
    print(
        "", f"{images:,} and {2 * images:,} JPEG files of {_SIZE[0]} x {_SIZE[1]}, {options.workers} workers", sep="\n"
    )
    print(compared, "", sep="\n")
    print("| | CPU per picture | of one at a time | of 32 at a time | wall per picture | a process at most | start |")
    print("| --- " * 7 + "|")
    for name, pairs in runs.items():
        wall = statistics.median(1e3 * (many.wall - few.wall) / images for few, many in pairs)
        peak = statistics.median(many.peak_mib for _, many in pairs)
        start = statistics.median(2 * few.wall - many.wall for few, many in pairs)
        times = [f"{cpu[other] / cpu[name]:.2f} x" for other in ("one", "batch")]
        cells = [f"{cpu[name]:.2f} ms", *times, f"{wall:.2f} ms", f"{peak:.0f} MiB", f"{start:.2f} s"]
        print(f"| {_TITLES[name]} | {' | '.join(cells)} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="model folder with saved_model/")
    parser.add_argument("converted", type=Path, help="model folder with model.onnx")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
