"""What the run report shows of the steps' results: metrics, example images, pages."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ..components.data import images
from ..components.data.dataset import Dataset
from ..components.data.items import Item, Task
from ..components.errors import InputError
from ..components.models import predictions
from ..components.models.metrics import HIGHER_IS_BETTER, is_better
from ..components.models.predictions import predicted_labels
from ..components.reports.formats import measured, number
from ..components.reports.pictures import predicted_boxes, thumbnail
from .run_record import DONE, RunRecord
from .summary import result_path

_EXAMPLES = 6
_TEST = "test"
# A page with many pictures is only linked: the report is to open on a phone.
_EMBEDDED_PAGE_BYTES = 4_000_000


def metric_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the macro `metric_table`: baseline, custom."""
    models = [summary[name] or {"metrics": {}, "intervals": {}} for name in ("baseline", "custom")]
    rows = []
    for name in models[0]["metrics"] | models[1]["metrics"]:
        values = [model["metrics"].get(name) for model in models]
        intervals = [model["intervals"].get(name) for model in models]
        texts = [_text(value, ends) for value, ends in zip(values, intervals, strict=True)]
        rows.append({"name": name, "values": values, "texts": texts, "best": _best(name, *values)})
    return rows


def _best(metric: str, baseline: float | None, custom: float | None) -> int | None:
    """The column of the better value; None where that cannot be said."""
    if metric not in HIGHER_IS_BETTER or baseline is None or custom is None or baseline == custom:
        return None
    return int(is_better(metric, custom, baseline))


def _text(value: float | None, interval: list[float] | None) -> str:
    return number(None) if value is None else measured(value, interval)


def examples(record: RunRecord) -> list[dict[str, Any]]:
    """Arguments of the macro `picture` for a few images of the test split, with the best model's predictions."""
    folder = result_path(record, "import-dataset", "dataset")
    model = result_path(record, "fine-tune", "model") or result_path(record, "automl-baseline", "model")
    if not folder or not model:
        return []
    dataset = Dataset.open(folder)
    predicted = model / "predictions" / f"{_TEST}.jsonl"
    if not dataset.task.is_image or not predicted.exists():
        return []
    items = {item.id: item for item in _spread(dataset)}
    found = {name: prediction for name, prediction in predictions.read(predicted) if name in items}
    shown = (_example(dataset.task, item, found[name]) for name, item in items.items() if name in found)
    return [example for example in shown if example]


def pages(record: RunRecord) -> Iterator[dict[str, Any]]:
    """The pages that the steps wrote: `title`, `location`, and `html` unless it is too long to be embedded."""
    for step in record.steps.values():
        for output in step.outputs if step.state in DONE else ():
            path = record.folder / output.location
            if output.type == "system.HTML" and path.is_file():
                html = path.read_text(encoding="utf-8") if output.bytes <= _EMBEDDED_PAGE_BYTES else None
                yield {"title": step.display_name, "location": output.location, "html": html}


def _spread(dataset: Dataset) -> Iterator[Item]:
    """A few items, as far apart as they can be."""
    distance = max(1, dataset.counts[_TEST] // _EXAMPLES)
    return islice(dataset.items(_TEST), 0, distance * _EXAMPLES, distance)


def _example(task: Task, item: Item, prediction: Any) -> dict[str, Any] | None:
    try:
        uri = thumbnail(images.decode(images.read_image(item)), max_side=480)
    except InputError:  # the image is gone since: the report goes without it
        return None
    name = Path(item.id).name
    if task is Task.OBJECT_DETECTION:
        return {
            "uri": uri,
            "true_boxes": item.usable_boxes(),
            "predicted_boxes": predicted_boxes(prediction),
            "caption": name,
        }
    # The surest label, and where images have several, all that it is said to have.
    count = max(1, len(predicted_labels(prediction)))
    guesses = zip(prediction["displayNames"][:count], prediction["confidences"], strict=False)
    said = " + ".join(f"{guess} ({confidence:.2f})" for guess, confidence in guesses)
    return {"uri": uri, "caption": f"{name}: {' + '.join(item.labels)}, predicted {said}"}
