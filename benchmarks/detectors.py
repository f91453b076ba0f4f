"""What fine-tuning a detector reaches from different first weights, at equal steps and defaults: one Markdown row each.

    python -m benchmarks.detectors cards/ --detection ssdlite_coco.npz --classification mobilenet_v2.weights.h5

The data are whatever `import_dataset` reads, with a test split of their own. The same architecture, SSDLite on
MobileNetV2, starts from a detector's checkpoint, from a classifier's and from nothing.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from graduate.components.fine_tune.train import fine_tune
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models.folder import ModelFolder
from graduate.components.models.metrics import METRICS
from graduate.components.reports.formats import number

ARCHITECTURE = "ssdlite_mobilenet_v2"
_METRICS = METRICS["object_detection"]
_HEADINGS = ("checkpoint type", "steps", *_METRICS, "95 % interval of ap50", "minutes", "first weights")


def main() -> None:
    """Trains once for each kind of checkpoint; the table comes last, after what the trainings say."""
    options = _options()
    rows = [" | ".join(_HEADINGS), " | ".join(["---"] * len(_HEADINGS))]
    with tempfile.TemporaryDirectory() as scratch:
        dataset = Path(scratch) / "dataset"
        read_dataset(source=str(options.data), task="object_detection", output=dataset)
        for kind, checkpoint in _checkpoints(options):
            start = time.monotonic()
            model = fine_tune(
                dataset,
                Path(scratch) / kind,
                Path(scratch) / f"{kind}.html",
                architecture=ARCHITECTURE,
                train_steps=options.steps,
                fine_tune_checkpoint=checkpoint,
            )
            rows.append(_row(kind, model, (time.monotonic() - start) / 60))
    print("", f"{os.cpu_count()} cores", *(f"| {row} |" for row in rows), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--detection", type=Path, help="weights of an SSDLite on MobileNetV2")
    parser.add_argument("--classification", type=Path, help="weights of a MobileNetV2")
    parser.add_argument("--steps", type=int, default=0, help="batches; 0 for the default of each")
    return parser.parse_args()


def _checkpoints(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for kind in ("detection", "classification"):
        if file := getattr(options, kind):
            yield kind, str(file)
    yield "none", ""


def _row(kind: str, model: ModelFolder, minutes: float) -> str:
    low, high = model.metric_intervals["ap50"]
    metrics = [number(model.metrics[name], 3) for name in _METRICS]
    interval = f"{number(low, 3)} to {number(high, 3)}"
    return " | ".join([kind, str(model.parameters["steps"]), *metrics, interval, number(minutes, 3), model.pretrained])


if __name__ == "__main__":
    main()
