"""The training history in a model folder: `history.jsonl`, one line per point of the training curves.

Each line is {"step": int, NAME: float, ...}; the names are the curves, such as `classification` or `validation_loss`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..data.storage import write_atomically

FILE = "history.jsonl"
VALIDATION = "validation_"


def of_validation(metric: str) -> str:
    """The curve of a metric of validation, which stands beside that of training of the same name."""
    return metric if metric.startswith(VALIDATION) else VALIDATION + metric


def write(model_folder: Path, points: Iterable[Mapping[str, float]]) -> None:
    """Writes the history, whole or not at all."""
    with write_atomically(model_folder / FILE) as aside:
        aside.write_text("".join(json.dumps(dict(point)) + "\n" for point in points), encoding="utf-8")


def read(model_folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The curves by name, each as (step, value) in the order of the steps."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for line in (model_folder / FILE).read_text(encoding="utf-8").splitlines():
        point = json.loads(line)
        for name, value in point.items():
            if name != "step":
                curves.setdefault(name, []).append((int(point["step"]), float(value)))
    return curves
