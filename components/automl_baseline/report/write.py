"""The baseline's page: how good it is, what it looks at, and what it did to the columns."""

import json
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..models import feature_transforms, history
from ..models.folder import ModelFolder
from ..reports.curves import charts
from ..reports.page import render, write_page


def write_report(model: ModelFolder, dataset: Dataset, page: Path) -> None:
    """Writes the page of a trained baseline."""
    has_history = (model.path / history.FILE).is_file()
    html = render(
        "automl_baseline/page.html",
        title="AutoML baseline",
        model=model,
        counts=dataset.counts,
        metric_rows=[{"name": name, "values": [value]} for name, value in model.metrics.items()],
        charts=charts(history.read(model.path)) if has_history else [],
        transforms=feature_transforms.read(model.feature_transforms) if model.feature_transforms.is_file() else [],
        importance=_importance(model),
    )
    write_page(page, html)


def _importance(model: ModelFolder) -> list[dict[str, Any]]:
    """Bars of the columns' permutation importance, the largest first; none for images."""
    if not model.importance.is_file():
        return []
    columns = json.loads(model.importance.read_text(encoding="utf-8"))["columns"]
    return [{"label": each["column"], "value": max(each["importance"], 0.0)} for each in columns]
