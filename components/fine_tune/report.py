"""The training page: what was trained, how it went, and what the model now sees."""

from itertools import islice
from pathlib import Path
from typing import Any

from ..data.dataset import Dataset
from ..data.images import decode, read_image
from ..data.items import Task
from ..models import history, predictions
from ..models.folder import ModelFolder
from ..reports.curves import charts
from ..reports.metric_rows import metric_rows
from ..reports.page import render, write_page
from ..reports.pictures import predicted_boxes, thumbnail

EXAMPLES = 8


def write_report(model: ModelFolder, dataset: Dataset, page: Path) -> None:
    """Writes the page of a trained model."""
    html = render(
        "fine_tune/page.html",
        title="Fine-tuning",
        model=model,
        charts=charts(history.read(model.path)),
        pictures=_pictures(model, dataset) if dataset.task is Task.OBJECT_DETECTION else [],
        metric_rows=metric_rows(model.metrics, model.metric_intervals),
    )
    write_page(page, html)


def _pictures(model: ModelFolder, dataset: Dataset) -> list[dict[str, Any]]:
    """The first test images with their true and their predicted boxes."""
    found = dict(predictions.read(model.predictions("test")))
    return [
        {
            "uri": thumbnail(decode(read_image(item))),
            "true": item.usable_boxes(),
            "predicted": predicted_boxes(found[item.id]),
            "caption": item.id,
        }
        for item in islice(dataset.items("test"), EXAMPLES)
    ]
