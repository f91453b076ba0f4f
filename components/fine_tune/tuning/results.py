"""What a search leaves: the best levers, the trials, and a page."""

import math
from collections.abc import Sequence
from pathlib import Path

from ...data.storage import write_atomically
from ...errors import InputError
from ...models import leaderboard
from ...models.leaderboard import Trial
from ...reports.page import render, write_page
from ..settings.config import FineTuneConfig
from ..settings.yaml_form import write_config
from .plots import lever_plot, order_plot
from .search import Search
from .study import Objective, Tried

CONFIG_FILE, TRIALS_FILE = "config.yaml", "trials.json"


def write_results(search: Search, ended: Sequence[Tried], levers: FineTuneConfig, output: Path, page: Path) -> None:
    """Writes config.yaml, trials.json and the page.

    Args:
        search: what was searched.
        ended: its trials, the oldest first.
        levers: of the training that comes; those that nobody set, and that were not searched, are left to the task,
            as some hang on its steps.
        output: folder to write.
        page: HTML file to write.

    Raises:
        InputError: every trial failed.
    """
    ranked = sorted(ended, key=lambda trial: _rank(trial, search.objective))
    best = ranked[0]
    if best.value is None:
        raise InputError(f"all {len(ended)} trials failed; the first: {ended[0].reason}")
    config = write_config(levers.with_values(**best.values))
    with write_atomically(output / CONFIG_FILE) as file:
        file.write_text(config, encoding="utf-8")
    board = [_row(trial, search.objective, trial is best) for trial in ranked]
    leaderboard.write(output / TRIALS_FILE, board)
    measured = [trial for trial in ended if trial.value is not None]
    html = render(
        "fine_tune/tuning/page.html",
        title="Tuning",
        search=search,
        ranked=ranked,
        best=best,
        failed=len(ended) - len(measured),
        seconds=sum(trial.seconds for trial in ended),
        order=order_plot(measured, best, search.objective),
        plots=[lever_plot(name, values, measured, best) for name, values in search.space.items()],
        config=config,
    )
    write_page(page, html)


def _rank(trial: Tried, objective: Objective) -> tuple[float, int]:
    """Failed ones last; of equals the oldest first."""
    if trial.value is None:
        return math.inf, trial.number
    return (-trial.value if objective.higher_is_better else trial.value), trial.number


def _row(trial: Tried, objective: Objective, is_best: bool) -> Trial:
    return Trial(
        name=f"trial {trial.number}" + (f", failed: {trial.reason}" if trial.reason else ""),
        hyperparameters=trial.values,
        validation={} if trial.value is None else {objective.metric: trial.value},
        cpu_seconds=trial.seconds,
        chosen=is_best,
    )
