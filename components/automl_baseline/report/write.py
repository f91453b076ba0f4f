"""The baseline's page: how good it is and how sure that is, what else was tried, and what it makes of the data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset
from ...models import feature_transforms, history, hyperparameters, leaderboard
from ...models.folder import ModelFolder
from ...reports.curves import charts
from ...reports.formats import number
from ...reports.metric_rows import metric_rows
from ...reports.page import render, write_page
from .column_rows import column_rows
from .evidence import page_evidence
from .service_rows import TOLD, service_rows
from .trial_rows import judged_by, trial_rows

MAX_COLUMNS = 30
# These have their own places on the page.
_TOLD_ELSEWHERE = {"onnx_max_difference", "onnx_tolerance", *TOLD}


def write_report(model: ModelFolder, dataset: Dataset, page: Path) -> None:
    """Writes the page of a trained baseline."""
    trials = leaderboard.read(model.leaderboard)
    chosen = hyperparameters.read(model.hyperparameters)
    has_transforms, has_history = model.feature_transforms.is_file(), (model.path / history.FILE).is_file()
    html = render(
        "automl_baseline/report/page.html",
        title="AutoML baseline",
        model=model,
        counts=dataset.counts,
        items="images" if dataset.task.is_image else "rows",
        metric_rows=metric_rows(model.metrics, model.metric_intervals),
        judged_by=judged_by(trials),
        trials=trial_rows(trials),
        chosen=chosen,
        hyperparameter_rows=_rows(chosen.hyperparameters) if chosen else [],
        proof=_proof(model.parameters),
        charts=charts(history.read(model.path)) if has_history else [],
        columns=column_rows(feature_transforms.read(model.feature_transforms)) if has_transforms else [],
        importance=_importance(model),
        service=service_rows(model.parameters),
        settings=_rows({name: value for name, value in model.parameters.items() if name not in _TOLD_ELSEWHERE}),
        **page_evidence(model, dataset),
    )
    write_page(page, html)


def _importance(model: ModelFolder) -> dict[str, Any]:
    """The loss, bars of the most important columns, the length of a full bar, and how many columns are left out."""
    if not model.importance.is_file():
        return {"bars": []}
    found = json.loads(model.importance.read_text(encoding="utf-8"))
    bars = [
        {"label": each["column"], "value": each["importance"], "deviation": each.get("standard_deviation")}
        for each in found["columns"][:MAX_COLUMNS]
    ]
    longest = max((bar["value"] + (bar["deviation"] or 0.0) for bar in bars), default=0.0)
    return {"loss": found.get("loss"), "bars": bars, "limit": longest, "left_out": len(found["columns"]) - len(bars)}


def _proof(parameters: Mapping[str, Any]) -> str:
    """What the comparison of the ONNX graph with its source found; "" where there was none."""
    if "onnx_max_difference" not in parameters:
        return ""
    found, accepted = number(parameters["onnx_max_difference"]), number(parameters["onnx_tolerance"])
    return (
        "The ONNX graph of the whole pipeline gives what the trained model gives on every test row:"
        f" they differ by at most {found} (accepted: {accepted})."
    )


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values as text, objects and lists of objects taken apart."""
    rows = []
    for name, value in values.items():
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            value = {str(place): each for place, each in enumerate(value, start=1)}
        if isinstance(value, dict):
            rows += [(f"{name}, {inner}", text) for inner, text in _rows(value)]
        elif isinstance(value, list):
            rows.append((name, ", ".join(map(str, value))))
        else:
            is_number = isinstance(value, float | int) and not isinstance(value, bool)
            rows.append((name, number(value) if is_number else str(value)))
    return rows
