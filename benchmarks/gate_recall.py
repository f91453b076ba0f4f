"""What the gate finds of planted faults, and what it finds in the same data without them: Markdown tables.

    python -m benchmarks.gate_recall --data titanic california digits digits_images cards --seeds 0 1 2 3 --faulty 2

For each seed, the items are split 80/10/10 anew and the whole way is gone: import, baseline (effort `fast`), verdict.
For the first seeds, `--faulty` of them, it is gone once more with planted faults, as `graduate gate --self-test` does.
The digits come with scikit-learn; the other data are looked for in `--datasets`, and passed over where they are not.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.digits import digits_images, digits_table
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.data_quality_gate.verdict import Verdict
from graduate.components.import_dataset.read import read_dataset
from graduate.components.reports.formats import percent
from graduate.pipelines.gate import Settings, examine
from graduate.pipelines.self_test.pictures import read_pictures
from graduate.pipelines.self_test.report import SelfTest
from graduate.pipelines.self_test.rows import read_rows
from graduate.pipelines.self_test.run import run_self_test
from graduate.pipelines.self_test.score import Score

_SHARED = Path(__file__).parents[2] / "shared"
_NAMES = ("titanic", "california", "digits", "digits_images", "cards")


@dataclass(frozen=True)
class Run:
    """One split of one data set.

    Attributes:
        name: of the data set.
        seed: of the split, the baseline, the gate and the faults.
        verdict: on the data as they are.
        self_test: on their spoiled copy, where it was asked for.
    """

    name: str
    seed: int
    verdict: Verdict
    self_test: SelfTest | None


def main() -> None:
    """Goes all the ways, one after another; the tables of a data set come when it is done."""
    options = _options()
    for name in options.data:
        with tempfile.TemporaryDirectory() as scratch:
            source, settings = _source(name, options, Path(scratch))
            if not Path(source).exists():
                print(f"{name} is passed over: there is no {source}", flush=True)
                continue
            runs = list(_runs(name, source, settings, options, Path(scratch)))
        for part in (_recall_table, _side_notes, _clean_table):
            print("", *part(runs), sep="\n")
        decisions = [run.verdict.decision for run in runs]
        stopped = f"{decisions.count('fix_data')} of {len(decisions)}"
        print(f"\n{name}: fix_data verdicts on clean data: {stopped}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", choices=_NAMES, default=["titanic", "california", "digits"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(10)))
    parser.add_argument("--faulty", type=int, default=3, help="how many of the seeds are gone with faults as well")
    parser.add_argument("--datasets", type=Path, default=_SHARED / "datasets")
    parser.add_argument(
        "--weights", type=Path, default=_SHARED / "weights" / "mobilenet_v2_1.0_224_imagenet_dequantised.weights.h5"
    )
    return parser.parse_args()


def _source(name: str, options: argparse.Namespace, scratch: Path) -> tuple[str, Settings]:
    """Where a data set is, and how it is read."""
    checkpoint = str(options.weights) if options.weights.is_file() else ""
    classes, values = Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION
    match name:
        case "titanic":
            return str(options.datasets / "titanic_train.csv"), Settings(task=classes, label_column="Survived")
        case "california":
            file = options.datasets / "california_housing.csv"
            return str(file), Settings(task=values, label_column="median_house_value")
        case "digits":
            return str(digits_table(scratch)), Settings(task=classes, label_column="digit")
        case "digits_images":
            return str(digits_images(scratch)), Settings(task=Task.IMAGE_CLASSIFICATION, checkpoint=checkpoint)
        case _:
            cards = options.datasets / "cards" / "images"
            return str(cards), Settings(task=Task.OBJECT_DETECTION, checkpoint=checkpoint)


def _runs(name: str, source: str, settings: Settings, options: argparse.Namespace, scratch: Path) -> Iterator[Run]:
    read_dataset(source, settings.task, scratch / "dataset", label_column=settings.label_column)
    data = Dataset.open(scratch / "dataset")
    for number, seed in enumerate(options.seeds):
        print(f"--- {name}, seed {seed}", flush=True)
        folder, seeded = scratch / f"seed-{seed}", replace(settings, seed=seed)
        verdict = examine(_resplit(data, folder, seed), seeded, folder)
        yield Run(name, seed, verdict, run_self_test(folder, verdict, seeded) if number < options.faulty else None)


def _resplit(data: Dataset, folder: Path, seed: int) -> str:
    """Writes an import file of the same data with other splits."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    if data.task.is_image:
        pictures = read_pictures(data, (), folder, rng)
        for item, split in zip(pictures.items, _splits(len(pictures.items), rng).tolist(), strict=True):
            item.ml_use = split
        return pictures.write([], {}).source
    rows = read_rows(data, (), (), rng)
    rows.splits = _splits(len(rows.cells), rng).tolist()
    return rows.write(folder / "table.parquet", [], {}).source


def _splits(count: int, rng: np.random.Generator) -> NDArray[np.str_]:
    """The split of each item: a tenth for test, a tenth for validation."""
    places = rng.permutation(count)
    return np.select([places < count // 10, places < count // 5], ["test", "validation"], "train")


def _recall_table(runs: Sequence[Run]) -> Iterator[str]:
    """One row per fault, over all seeds."""
    yield _row("data", "fault", "planted", "found", "recall", "by seed", "precision", "by seed")
    yield _row(*["---"] * 8)
    tests = [run.self_test for run in runs if run.self_test]
    for rule in dict.fromkeys(score.rule for test in tests for score in test.planted):
        yield _recall_row(runs[0].name, rule, [score for test in tests for score in test.planted if score.rule == rule])


def _recall_row(name: str, rule: str, scores: Sequence[Score]) -> str:
    planted, found = sum(each.planted for each in scores), sum(each.found for each in scores)
    reported, right = sum(each.reported for each in scores), sum(each.right for each in scores)
    recalls = ", ".join(percent(each.recall) for each in scores)
    precisions = ", ".join(percent(each.precision) for each in scores)
    precision = percent(right / reported if reported else None)
    return _row(name, rule, planted, found, percent(found / planted), recalls, precision, precisions)


def _side_notes(runs: Sequence[Run]) -> Iterator[str]:
    """What was not planted, and what rules report by which nothing was planted."""
    for run in runs:
        if run.self_test:
            besides = ", ".join(f"{rule} {cases}" for rule, cases in run.self_test.side_effects.items())
            yield f"{run.name}, seed {run.seed}: reported besides: {besides or 'nothing'}"
            yield from (f"- {rule} was not planted: {why}" for rule, why in run.self_test.spoiled.not_planted.items())


def _clean_table(runs: Sequence[Run]) -> Iterator[str]:
    """One row per seed: what is found where nothing was planted."""
    yield _row("data", "seed", "verdict", "skill", "findings")
    yield _row(*["---"] * 5)
    for run in runs:
        found = ", ".join(f"{each.rule} {len(each.cases)} ({each.severity})" for each in run.verdict.findings)
        skill = percent(run.verdict.standing.skill if run.verdict.standing else None)
        yield _row(run.name, run.seed, run.verdict.decision, skill, found or "none")


def _row(*cells: object) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


if __name__ == "__main__":
    main()
