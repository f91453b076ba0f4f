"""What the page shows of the test split: true labels and values against predicted ones, as pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Item, Task
from ...models import predictions
from ...models.detection_metrics import DetectionEvaluation
from ...models.folder import ModelFolder
from ...models.metrics import confusion, truths
from ...models.multi_label_metrics import f1_per_item, matrices
from ...models.predictions import predicted_labels
from ...reports.confusions import mistakes
from ...reports.pictures import predicted_boxes, thumbnail
from ...reports.scatter import density
from .series_charts import series_charts

MAX_LABELS = 30
PICTURES = 6


def page_evidence(model: ModelFolder, dataset: Dataset) -> dict[str, Any]:
    """Context of the page: `confusion`, `mistakes`, `density`, `series`, `pictures` and `confidence`.

    What a task does not have, or a model whose predictions are not there, is None or empty. `confidence` is the one
    from which on boxes are drawn.
    """
    shown: dict[str, Any] = {"confusion": None, "mistakes": [], "density": None, "series": []}
    shown |= {"pictures": [], "confidence": None}
    if not model.predictions("test").is_file() or not dataset.counts["test"]:
        return shown
    found: dict[str, Any] = dict(predictions.read(model.predictions("test")))
    if dataset.task is Task.OBJECT_DETECTION:
        return shown | _detected(dataset, found)
    truth = {identity: value for identity, value in truths(dataset, "test").items() if identity in found}
    if not truth:
        return shown
    if dataset.task.predicts_numbers:
        values = [found[identity]["value"] for identity in truth]
        shown["density"] = density(np.array(list(truth.values()), float), np.array(values, float))
        shown["series"] = series_charts(dataset, found) if dataset.task is Task.TABULAR_FORECASTING else []
        return shown
    if dataset.is_multi_label:
        return shown | {"pictures": _least_met(dataset, model.labels, truth, found)}
    table = confusion(truth, found)
    pictures = _worst_mistakes(dataset, truth, found) if dataset.task.is_image else []
    readable = len(table["labels"]) <= MAX_LABELS
    return shown | {"confusion": table if readable else None, "mistakes": mistakes(table), "pictures": pictures}


def _detected(dataset: Dataset, found: Mapping[str, Any]) -> dict[str, Any]:
    """Images of the test split, far apart, with their true and predicted boxes."""
    items = list(dataset.items("test"))
    if not any(item.usable_boxes() for item in items):  # nothing to choose the confidence by
        return {}
    confidence = DetectionEvaluation(items, found, dataset.labels).best_confidence()
    pictures = [
        {
            "uri": _thumbnail(item),
            "true_boxes": item.usable_boxes(),
            "predicted_boxes": predicted_boxes(found[item.id], confidence),
            "caption": item.id,
        }
        for item in items[:: max(1, len(items) // PICTURES)][:PICTURES]
    ]
    return {"pictures": pictures, "confidence": confidence}


def _worst_mistakes(dataset: Dataset, truth: Mapping[str, Any], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The images whose wrong answer is the surest."""
    wrong = [identity for identity, label in truth.items() if found[identity]["displayNames"][0] != label]
    shown = sorted(wrong, key=lambda identity: -found[identity]["confidences"][0])[:PICTURES]
    answers = {each: (found[each]["displayNames"][0], found[each]["confidences"][0]) for each in shown}
    told = {each: f"{truth[each]}, predicted {label} ({sure:.2f})" for each, (label, sure) in answers.items()}
    return _captioned(dataset, told)


def _least_met(
    dataset: Dataset, labels: Sequence[str], truth: Mapping[str, Any], found: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The images whose several labels are met the least."""
    f1 = dict(zip(truth, f1_per_item(*matrices(labels, truth, found)), strict=True))
    shown = sorted((each for each in f1 if f1[each] < 1), key=lambda each: f1[each])[:PICTURES]
    said = {each: " + ".join(predicted_labels(found[each])) or "none" for each in shown}
    return _captioned(dataset, {each: f"{' + '.join(truth[each])}, predicted {said[each]}" for each in shown})


def _captioned(dataset: Dataset, told: Mapping[str, str]) -> list[dict[str, Any]]:
    """The test images of which something is told, by item id."""
    shown = (item for item in dataset.items("test") if item.id in told)
    return [{"uri": _thumbnail(item), "caption": f"{item.id}: {told[item.id]}"} for item in shown]


def _thumbnail(item: Item) -> str:
    return thumbnail(decode(read_image(item)))
