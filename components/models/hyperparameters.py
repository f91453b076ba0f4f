"""The hyperparameters of a trained baseline, for later steps to start from.

The file is one object:

    estimator        what they are hyperparameters of, such as `lightgbm.LGBMRegressor`; "" where it is not known
    hyperparameters  by the estimator's own names, JSON values only; empty where they could not be read
    note             one sentence: where they come from, or why they are absent
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..data.storage import write_atomically


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """The module's docstring describes the fields."""

    estimator: str
    hyperparameters: dict[str, Any]
    note: str


def write(path: str | Path, chosen: Hyperparameters) -> None:
    """Writes the file, whole or not at all."""
    with write_atomically(path) as file:
        file.write_text(json.dumps(asdict(chosen), indent=2, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def read(path: str | Path) -> Hyperparameters | None:
    """Reads the file that `write` wrote; None where there is none."""
    if not Path(path).is_file():
        return None
    return Hyperparameters(**json.loads(Path(path).read_text("utf-8")))
