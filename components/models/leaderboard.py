"""The leaderboard: what a search tried, what each trial reached, and which one was chosen.

The file is a list, the best trial first, of {"name", "hyperparameters", "validation", "cpu_seconds", "chosen"}.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..data.storage import write_atomically


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate of a search.

    Attributes:
        name: the estimator in words, such as `LightGBM`.
        hyperparameters: by the estimator's own names, JSON values only.
        validation: metric to value, on rows that the trial was not fitted on, first the one that trials are judged by;
            empty where nothing was measured.
        cpu_seconds: of fitting and measuring.
        chosen: whether the baseline is this one.
    """

    name: str
    hyperparameters: dict[str, Any]
    validation: dict[str, float]
    cpu_seconds: float
    chosen: bool


def write(path: str | Path, trials: Iterable[Trial]) -> None:
    """Writes the trials, the best first, whole or not at all."""
    records = [asdict(trial) for trial in trials]
    with write_atomically(path) as file:
        file.write_text(json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read(path: str | Path) -> list[Trial]:
    """Reads the file that `write` wrote; no trial where there is no file."""
    if not Path(path).is_file():
        return []
    return [Trial(**record) for record in json.loads(Path(path).read_text("utf-8"))]
