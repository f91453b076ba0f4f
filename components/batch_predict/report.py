"""The page: counts, what was predicted, a sample, and what went wrong."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..data.items import SPLITS, Box, Task
from ..data.storage import StorageUnavailableError, is_remote
from ..errors import InputError
from ..reports.page import render
from ..reports.pictures import predicted_boxes, thumbnail
from .job import Job
from .material import Line, pixels
from .records import Record, Rows
from .tally import LISTED, MIN_CONFIDENCE, Tally, said_labels

_LONGEST_KEY = 200


def page_of(job: Job, summary: dict[str, Any], counted: Tally) -> str:
    """The page of a batch, as HTML of a size that does not grow with the batch."""
    is_image = job.source.unit == "images"
    return render(
        "batch_predict/page.html",
        title="Batch prediction",
        summary=summary,
        model_name=job.name,
        is_multi_label=job.is_multi_label,
        unit=job.source.unit,
        label_bars=[{"label": label, "value": count} for label, count in counted.labels.most_common(LISTED)],
        label_count=len(counted.labels),
        value_bars=_histogram(counted.values),
        min_confidence=MIN_CONFIDENCE if summary["task"] == Task.OBJECT_DETECTION else None,
        pictures=list(_pictures(job, counted)) if is_image else [],
        rows=[] if is_image else [(line["key"], _answer(line, job.is_multi_label)) for line in counted.sample],
        errors=counted.first_errors,
        rejects=job.source.rejects[:LISTED],
    )


def _histogram(values: list[float]) -> list[dict[str, Any]]:
    """Rows of the macro `bar_list`."""
    if not values:
        return []
    counts, edges = np.histogram(values, bins=12)
    spans = zip(edges[:-1], edges[1:], counts, strict=True)
    return [{"label": f"{low:.4g} to {high:.4g}", "value": int(count)} for low, high, count in spans]


def _pictures(job: Job, counted: Tally) -> Iterator[dict[str, Any]]:
    """Arguments of the macro `picture`; a picture that is no longer there is left out."""
    sample = _with_records(job, counted)
    true_boxes = _true_boxes(job, {line["key"] for line, _ in sample})
    for line, record in sample:
        try:
            image = pixels(record)
        except (InputError, StorageUnavailableError):
            continue
        yield _picture(line, thumbnail(image), true_boxes.get(line["key"], []), job.is_multi_label)


def _with_records(job: Job, counted: Tally) -> list[tuple[Line, Record]]:
    """A sample of lines with their records: of files by their URI, else of the first shard, not to read all again."""
    if all("content" in line["instance"] for line in counted.sample):
        return [
            (line, Record(line["key"], line["key"], "file", uri=line["instance"]["content"])) for line in counted.sample
        ]
    first = next(iter(job.source.chunks(job.plan.shard_size)))
    records = {} if isinstance(first, Rows) else {record.source: record for record in first}
    sources = [(line, line["instance"].get("source", "")) for line in counted.first_results]
    return [(line, records[source]) for line, source in sources if source in records]


def _true_boxes(job: Job, keys: set[str]) -> dict[str, list[Box]]:
    """Of some items of a data set; other inputs have none."""
    if is_remote(job.input) or not (Path(job.input) / "dataset.json").is_file():
        return {}
    dataset = Dataset.open(job.input)
    items = (item for split in SPLITS for item in dataset.items(split) if item.id in keys)
    return {item.id: item.usable_boxes() for item in islice(items, len(keys))}


def _picture(line: Line, uri: str, true_boxes: list[Box], is_multi_label: bool) -> dict[str, Any]:
    is_detection, key = "bboxes" in line["prediction"], line["key"][:_LONGEST_KEY]
    return {
        "uri": uri,
        "true_boxes": true_boxes,
        "predicted_boxes": predicted_boxes(line["prediction"], MIN_CONFIDENCE)[:LISTED] if is_detection else [],
        "caption": key if is_detection else f"{key}: {_answer(line, is_multi_label)}",
    }


def _answer(line: Line, is_multi_label: bool) -> str:
    prediction = line["prediction"]
    if "value" in prediction:
        return f"{prediction['value']:.4g}"
    if "outputs" in prediction:
        return ", ".join(f"{name} {list(np.shape(value))}" for name, value in prediction["outputs"].items())
    pairs = zip(said_labels(line, is_multi_label), prediction["confidences"], strict=False)
    return " + ".join(f"{label} ({confidence:.2f})" for label, confidence in pairs) or "none"
