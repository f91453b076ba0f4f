"""What the local baselines reach on tables, scanned digits and a detection data set: one Markdown row each.

    python -m benchmarks.baselines --titanic titanic.csv --cards cards/ --weights mobilenet_v2.weights.h5

The digits come with scikit-learn. Titanic is the usual table with its column `Survived`; cards is a Pascal VOC folder
of images with its own train and test folders. What is not named is left out.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.digits import digits_images, digits_table
from graduate.components.automl_baseline.train import train_baseline
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models import leaderboard
from graduate.components.models.folder import ModelFolder
from graduate.components.reports.formats import number

_HEADINGS = ("data", "task", "effort", "metric on the test split", "95 % interval", "trials", "CPU seconds", "weights")


def main() -> None:
    """Trains one baseline per data set and effort; the table comes last, after what the trainings say."""
    options = _options()
    rows = [" | ".join(_HEADINGS), " | ".join(["---"] * len(_HEADINGS))]
    with tempfile.TemporaryDirectory() as scratch:
        for name, source, task, label_column in _sources(options, Path(scratch)):
            dataset = Path(scratch) / f"{name}.dataset"
            read_dataset(source=source, task=task, output=dataset, label_column=label_column)
            for effort in options.efforts:
                model = train_baseline(
                    dataset=dataset,
                    output=Path(scratch) / f"{name}.{effort}",
                    page=Path(scratch) / f"{name}.{effort}.html",
                    effort=effort,
                    checkpoint=str(options.weights or "") if "image" in task or "detection" in task else "",
                )
                rows += _rows(name, effort, model)
    print("", *(f"| {row} |" for row in rows), sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titanic", type=Path)
    parser.add_argument("--cards", type=Path)
    parser.add_argument("--weights", type=Path, help="of the frozen backbone, for the images")
    parser.add_argument("--efforts", nargs="+", default=["fast", "standard"])
    return parser.parse_args()


def _sources(options: argparse.Namespace, scratch: Path) -> Iterator[tuple[str, str, str, str]]:
    """Name, location, task and label column of each data set."""
    if options.titanic:
        yield "Titanic", str(options.titanic), "tabular_classification", "Survived"
    yield "digits, as a table", str(digits_table(scratch)), "tabular_classification", "digit"
    yield "digits, as images", str(digits_images(scratch)), "image_classification", ""
    if options.cards:
        yield "playing cards", str(options.cards), "object_detection", ""


def _rows(name: str, effort: str, model: ModelFolder) -> Iterator[str]:
    trials = len(leaderboard.read(model.leaderboard))
    for metric, value in model.metrics.items():
        low, high = model.metric_intervals[metric]
        cells = (name, model.task, effort, f"{metric} {number(value)}", f"{number(low)} to {number(high)}", str(trials))
        yield " | ".join((*cells, number(model.parameters["cpu_seconds"]), model.pretrained))


if __name__ == "__main__":
    main()
