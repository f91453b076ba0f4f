"""What a detector gets right and wrong on the test split."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Item
from ...models.detection_confusion import LabelPair, box_confusion, label_pairs
from ...models.detection_metrics import DetectionEvaluation
from ...models.metrics import Confusion
from ...reports.pictures import predicted_boxes, thumbnail
from .label_rows import LabelRow, weakest_first
from .precision_curves import PrecisionCurve, precision_curves

WORST, FIRST = 9, 3
# More would hide the image, and an image may have a thousand.
MAX_BOXES = 60
MAX_MISTAKES = 15
_NAMED = 3


@dataclass(frozen=True)
class DetectionEvidence:
    """What the page shows of a detector.

    Attributes:
        confidence: from which on boxes are counted and drawn.
        labels: average precision at IoU 0.5 of each label that has a true box, with precision and recall.
        absent: labels without a true box.
        curves: precision over recall.
        confusion: of boxes.
        mistakes: what is wrong most often, as rows of the macro `bar_list`.
        worst: pictures with the most missed and false boxes.
        first: pictures of the first images that are not among the worst.
    """

    confidence: float
    labels: list[LabelRow]
    absent: list[str]
    curves: list[PrecisionCurve]
    confusion: Confusion
    mistakes: list[dict[str, Any]]
    worst: list[dict[str, Any]]
    first: list[dict[str, Any]]
    kind: str = "detection"


def detected(dataset: Dataset, found: Mapping[str, Any]) -> DetectionEvidence | None:
    """The evidence of a detector's predictions by item id; None where no test image has a true box."""
    items = list(dataset.items("test"))
    if not any(item.usable_boxes() for item in items):
        return None
    evaluation = DetectionEvaluation(items, found, dataset.labels)
    confidence = evaluation.best_confidence()
    pairs = label_pairs(evaluation, confidence)
    rows = _label_rows(evaluation, pairs)
    errors = [_errors(in_image) for in_image in pairs]
    ranked = sorted(range(len(items)), key=lambda place: -_boxes_at_fault(errors[place]))
    worst = [place for place in ranked[:WORST] if errors[place]]
    first = [place for place in range(len(items)) if place not in worst][:FIRST]

    def picture(place: int, caption: str) -> dict[str, Any]:
        return _picture(items[place], found[items[place].id], confidence, caption)

    return DetectionEvidence(
        confidence=confidence,
        labels=rows,
        absent=[label for label, boxes in evaluation.true_boxes_per_label().items() if not boxes],
        curves=precision_curves(evaluation.precision_per_label(), rows),
        confusion=box_confusion(pairs, dataset.labels),
        mistakes=_mistakes(errors),
        worst=[picture(place, f"{items[place].id}: {_in_words(errors[place])}") for place in worst],
        first=[picture(place, items[place].id) for place in first],
    )


def _label_rows(evaluation: DetectionEvaluation, images: Iterable[Sequence[LabelPair]]) -> list[LabelRow]:
    """AP50 of each label, with precision and recall at the confidence of the pairs."""
    pairs = [pair for in_image in images for pair in in_image]
    right = Counter(true for true, predicted in pairs if true == predicted)
    predicted, boxes = Counter(label for _, label in pairs), evaluation.true_boxes_per_label()
    return weakest_first(
        LabelRow(
            label,
            boxes[label],
            value,
            {
                "precision": right[label] / predicted[label] if predicted[label] else None,
                "recall": right[label] / boxes[label],
            },
        )
        for label, value in evaluation.ap50_per_label().items()
    )


def _errors(pairs: Iterable[LabelPair]) -> Counter[LabelPair]:
    """How often which pair is wrong, in the order of the pairs."""
    return Counter((true, predicted) for true, predicted in pairs if true != predicted)


def _boxes_at_fault(errors: Mapping[LabelPair, int]) -> int:
    """The number of missed and of false boxes: a box of the wrong label is both."""
    return sum(count * ((true is not None) + (predicted is not None)) for (true, predicted), count in errors.items())


def _mistakes(images: Iterable[Counter[LabelPair]]) -> list[dict[str, Any]]:
    total = sum(images, Counter())
    return [{"label": _name(*pair), "value": count} for pair, count in total.most_common(MAX_MISTAKES)]


def _in_words(errors: Counter[LabelPair]) -> str:
    """What is wrong with an image, the most frequent first."""
    named = errors.most_common(_NAMED)
    words = [f"{count} x {_name(*pair)}" if count > 1 else _name(*pair) for pair, count in named]
    others = errors.total() - sum(count for _, count in named)
    return ", ".join(words) + (f" and {others} more" if others else "")


def _name(true: str | None, predicted: str | None) -> str:
    if predicted is None:
        return f"{true} missed"
    return f"{predicted} too many" if true is None else f"{true} taken for {predicted}"


def _picture(item: Item, prediction: Mapping[str, Any], confidence: float, caption: str) -> dict[str, Any]:
    """Arguments of the macro `picture`."""
    true, predicted = item.usable_boxes(), predicted_boxes(prediction, confidence)
    hidden = max(0, len(true) - MAX_BOXES) + max(0, len(predicted) - MAX_BOXES)
    return {
        "uri": thumbnail(decode(read_image(item))),
        "true_boxes": true[:MAX_BOXES],
        "predicted_boxes": predicted[:MAX_BOXES],
        "caption": caption + (f" ({hidden} boxes are not drawn)" if hidden else ""),
    }
