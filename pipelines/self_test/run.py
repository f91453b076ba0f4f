"""The self-test: known faults are planted into a copy of the data, which goes the same way as the data did."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ...components.data.dataset import Dataset
from ...components.data_quality_gate.verdict import Verdict
from ..gate import Settings, examine
from .faults import OF_PICTURES, OF_ROWS
from .pictures import read_pictures
from .planting import Spoiled, plant_all
from .report import DATA_FILE, PAGE_FILE, SelfTest, write
from .rows import read_rows
from .score import scores


def run_self_test(folder: Path, as_is: Verdict, settings: Settings) -> SelfTest:
    """Measures how much of what is wrong the gate finds in data like these.

    Args:
        folder: where `examine` left the data as they are; gets `self_test.json` and `self_test.html`, and in
            `self_test` the spoiled data and the verdict on them.
        as_is: the verdict on the data as they are.
        settings: with which they were examined.
    """
    data = Dataset.open(folder / "dataset")
    for file in (DATA_FILE, PAGE_FILE):
        (folder / file).unlink(missing_ok=True)
    spoiled = spoil(data, as_is, folder / "self_test", settings.seed)
    how = replace(
        settings,
        label_column=data.label_column,  # of texts, it may be the usual one
        group_column="",  # the splits are given
        target_metric="",
        target_value=0.0,
        reference="" if data.task.is_image else str(folder / "verdict" / "profile.json"),
    )
    verdict = examine(spoiled.source, how, folder / "self_test")
    result = SelfTest(folder, data.task, settings.seed, data.counts, spoiled, scores(spoiled, verdict, as_is))
    write(result)
    return result


def spoil(data: Dataset, as_is: Verdict, folder: Path, seed: int) -> Spoiled:
    """Writes a copy of the data with all faults that they can carry, each in items of its own.

    Args:
        data: to be copied; the images of which nothing is spoiled stay where they are.
        as_is: the verdict on them: what has a fault already is left for the last.
        folder: for the copy.
        seed: decides what is spoiled.
    """
    rng = np.random.default_rng(seed)
    cases = [case for finding in as_is.findings for case in finding.cases]
    flagged = {case.id for case in cases if case.id}
    if data.task.is_image:
        pictures = read_pictures(data, flagged, folder, rng)
        return pictures.write(*plant_all(OF_PICTURES[data.task], pictures))
    rows = read_rows(data, flagged, {case.column for case in cases if case.column and not case.id}, rng)
    return rows.write(folder / "faults.parquet", *plant_all(OF_ROWS[data.task], rows))
