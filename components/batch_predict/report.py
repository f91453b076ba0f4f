"""What came out: every line counted, and the page."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from ..data.dataset import Dataset
from ..data.images import decode, read_image
from ..data.items import SPLITS, Item, Task
from ..models.folder import ModelFolder
from ..models.multi_label_metrics import predicted_labels
from ..reports.page import render, write_page
from ..reports.pictures import predicted_boxes, thumbnail
from .plan import Plan

# From this confidence on a box is counted and drawn.
MIN_CONFIDENCE = 0.5
SAMPLE = 12
LISTED = 50
_VALUES = 10_000

Line = dict[str, Any]


@dataclass
class Tally:
    """Counts over all result and error files, with a few lines of each.

    Attributes:
        results: lines of the result files.
        errors: lines of the error files.
        labels: how often each label was predicted: boxes from `MIN_CONFIDENCE` on, most probable labels, or
            where items may have several, those from 0.5 on.
        values: predicted values (regression) of at most 10,000 results, evenly spread.
        sample: a few result lines, evenly spread.
        first_errors: the first error lines.
    """

    results: int = 0
    errors: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    values: list[float] = field(default_factory=list)
    sample: list[Line] = field(default_factory=list)
    first_errors: list[Line] = field(default_factory=list)

    @property
    def first_error(self) -> str:
        """Message of the first error, or ""."""
        return self.first_errors[0]["error"]["message"] if self.first_errors else ""


def tally(plan: Plan, folder: Path, is_multi_label: bool = False) -> Tally:
    """Counts the lines of every shard.

    Args:
        plan: what the folder holds.
        folder: of the results.
        is_multi_label: whether an item may have several labels.

    Raises:
        RuntimeError: a shard does not hold each of its inputs as a result or an error.
    """
    counted = Tally()
    for shard in range(plan.shards):
        before = counted.results + counted.errors
        for line in _lines(plan.results(folder, shard)):
            _count_result(counted, line, plan.inputs, is_multi_label)
        for line in _lines(plan.errors(folder, shard)):
            counted.errors += 1
            if counted.errors <= LISTED:
                counted.first_errors.append(line)
        held = counted.results + counted.errors - before
        if held != plan.size(shard):
            raise RuntimeError(
                f"{plan.results(folder, shard)} and its error file hold {held} lines for {plan.size(shard)} inputs: "
                "remove both and run again"
            )
    return counted


def write_report(path: Path, dataset: Dataset, model: ModelFolder, summary: dict[str, Any], counted: Tally) -> None:
    """Writes the page: counts, what was predicted, a sample, and what went wrong."""
    html = render(
        "batch_predict/page.html",
        title="Batch prediction",
        summary=summary,
        model=model,
        label_bars=[{"label": label, "value": count} for label, count in counted.labels.most_common(LISTED)],
        label_count=len(counted.labels),
        value_bars=_histogram(counted.values),
        min_confidence=MIN_CONFIDENCE if model.task is Task.OBJECT_DETECTION else None,
        pictures=list(_pictures(dataset, counted.sample, model.is_multi_label)) if dataset.task.is_image else [],
        rows=[] if dataset.task.is_image else [(line["id"], _answer(line["prediction"])) for line in counted.sample],
        errors=counted.first_errors,
        rejects=list(islice(dataset.rejects(), LISTED)),
    )
    write_page(path, html)


def _lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        yield from map(orjson.loads, file)


def _count_result(counted: Tally, line: Line, inputs: int, is_multi_label: bool) -> None:
    prediction = line["prediction"]
    if counted.results % -(-inputs // SAMPLE) == 0:
        counted.sample.append(line)
    if "value" in prediction:
        if counted.results % -(-inputs // _VALUES) == 0:
            counted.values.append(prediction["value"])
    elif "bboxes" in prediction:
        counted.labels.update(box.label for box in predicted_boxes(prediction, MIN_CONFIDENCE))
    else:
        counted.labels.update(_said(prediction, is_multi_label))
    counted.results += 1


def _histogram(values: list[float]) -> list[dict[str, Any]]:
    """Rows of the macro `bar_list`."""
    if not values:
        return []
    counts, edges = np.histogram(values, bins=12)
    spans = zip(edges[:-1], edges[1:], counts, strict=True)
    return [{"label": f"{low:.4g} to {high:.4g}", "value": int(count)} for low, high, count in spans]


def _pictures(dataset: Dataset, sample: list[Line], is_multi_label: bool) -> Iterator[dict[str, Any]]:
    """Arguments of the macro `picture`."""
    predictions = {line["id"]: line["prediction"] for line in sample}
    items = chain.from_iterable(dataset.items(split) for split in SPLITS)
    for item in islice((item for item in items if item.id in predictions), len(predictions)):
        yield _picture(item, predictions[item.id], is_multi_label)


def _picture(item: Item, prediction: dict[str, Any], is_multi_label: bool) -> dict[str, Any]:
    is_detection = "bboxes" in prediction
    return {
        "uri": thumbnail(decode(read_image(item))),
        "true_boxes": item.usable_boxes(),
        "predicted_boxes": predicted_boxes(prediction, MIN_CONFIDENCE) if is_detection else [],
        "caption": item.id if is_detection else f"{item.id}: {_answer(prediction, is_multi_label)}",
    }


def _answer(prediction: dict[str, Any], is_multi_label: bool = False) -> str:
    if "value" in prediction:
        return f"{prediction['value']:.4g}"
    pairs = zip(_said(prediction, is_multi_label), prediction["confidences"], strict=False)
    return " + ".join(f"{label} ({confidence:.2f})" for label, confidence in pairs) or "none"


def _said(prediction: dict[str, Any], is_multi_label: bool) -> list[str]:
    """The most probable label, or where an item may have several, all that it is said to have."""
    return predicted_labels(prediction) if is_multi_label else prediction["displayNames"][:1]
