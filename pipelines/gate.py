"""The gate without a pipeline: import, a quick baseline of this machine, the verdict."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ..components.automl_baseline.train import train_baseline
from ..components.data.items import Task
from ..components.data_quality_gate.judge import judge
from ..components.data_quality_gate.rules import accepted_rules
from ..components.data_quality_gate.schema import profile as profiles
from ..components.data_quality_gate.standing import DEPLOY_ABOVE, FIX_BELOW, Target
from ..components.data_quality_gate.verdict import Verdict
from ..components.errors import InputError
from ..components.import_dataset.read import read_dataset

PAGE_FILE = "page.html"
# What numpy and scikit-learn take for a seed.
_MOST_SEED = 2**32 - 1


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the data are read, learned from and judged.

    Attributes:
        task: what is to be predicted.
        label_column: the column to predict (tables).
        group_column: a column whose equal values shall not fall in two splits (tables).
        time_column: the column of dates (forecasts).
        series_column: the column that names the series (forecasts).
        horizon: how many periods ahead (forecasts).
        target_metric: what to judge by, such as ap50; by default the task's usual metric.
        target_value: what it should reach; 0 where nobody knows.
        judge_by: by how much of the way from guessing to the target, or by the plain ratio to it.
        fix_below: share of the target under which the data are to be mended.
        deploy_above: share of the target above which the baseline may be shipped.
        reference: profile.json of an earlier verdict, to hold a table against.
        accept: rules whose critical findings do not stop, separated by commas.
        effort: how much the baseline tries.
        checkpoint: Keras weights of the baseline's frozen backbone (images): a path, gs://, or imagenet.
        seed: of everything random.
    """

    task: Task
    label_column: str = ""
    group_column: str = ""
    time_column: str = ""
    series_column: str = ""
    horizon: int = 0
    target_metric: str = ""
    target_value: float = 0.0
    judge_by: Literal["skill", "ratio"] = "skill"
    fix_below: float = FIX_BELOW
    deploy_above: float = DEPLOY_ABOVE
    reference: str = ""
    accept: str = ""
    effort: Literal["fast", "standard", "thorough"] = "fast"
    checkpoint: str = ""
    seed: int = 0

    @property
    def target(self) -> Target:
        """What is wanted of the baseline."""
        return Target(self.target_metric, self.target_value, self.judge_by, self.fix_below, self.deploy_above)


def gate(
    dataset: str,
    *,
    output: Path,
    self_test: Annotated[bool, Parameter(negative=())] = False,
    settings: Settings,
) -> None:
    """Judge a data set on this machine, without a pipeline.

    Args:
        dataset: the labelled data, as for a pipeline.
        output: folder for the results; an earlier run's are replaced.
        self_test: plant known faults into a copy of the data and count which of them the gate finds: one more training.
        settings: how the data are read, learned from and judged.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    verdict = examine(dataset, settings, output)
    print(f"Page: {output / PAGE_FILE}", flush=True)
    if self_test:
        from .self_test.run import run_self_test

        print("self-test: the same once more, with planted faults", flush=True)
        result = run_self_test(output, verdict, settings)
        print("", *result.lines(), f"Self-test: {result.page}", sep="\n", flush=True)


def examine(source: str, settings: Settings, folder: Path) -> Verdict:
    """Imports data, trains the baseline on them, and judges both.

    Args:
        source: the labelled data.
        settings: how.
        folder: for `dataset`, `baseline`, `baseline.html`, `verdict` and, written last, `PAGE_FILE`.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    # Before the costly work.
    _check(settings)
    _make_room(folder)
    read_dataset(
        source,
        settings.task,
        folder / "dataset",
        label_column=settings.label_column,
        group_column=settings.group_column,
        time_column=settings.time_column,
        series_column=settings.series_column,
        horizon=settings.horizon,
    )
    train_baseline(
        folder / "dataset",
        folder / "baseline",
        folder / "baseline.html",
        effort=settings.effort,
        checkpoint=settings.checkpoint,
        seed=settings.seed,
    )
    return judge(
        str(folder / "dataset"),
        str(folder / "baseline"),
        str(folder / "verdict"),
        str(folder / PAGE_FILE),
        target_metric=settings.target_metric,
        target_value=settings.target_value,
        judge_by=settings.judge_by,
        fix_below=settings.fix_below,
        deploy_above=settings.deploy_above,
        reference=settings.reference,
        accept=settings.accept,
        seed=settings.seed,
    )


def _check(settings: Settings) -> None:
    accepted_rules(settings.accept)
    settings.target.check(settings.task)
    if not 0 <= settings.seed <= _MOST_SEED:
        raise InputError(f"seed {settings.seed} is none: give a number from 0 to {_MOST_SEED}.")
    if settings.reference:
        profiles.read(settings.reference)


def _make_room(folder: Path) -> None:
    """Makes the folder, and removes an earlier page and verdict, so that a run that fails leaves none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (PAGE_FILE, "verdict/verdict.json"):
            (folder / name).unlink(missing_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"nothing can be written to {folder} ({error.strerror}): give another output folder."
        ) from error
