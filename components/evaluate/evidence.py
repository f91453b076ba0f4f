"""What the page shows beside the figures: charts, and pictures of where the models are good and bad."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.images import decode, read_image
from ..data.items import Item
from ..models.metrics import truths
from ..models.predictions import predicted_labels
from ..reports.confusions import mistakes
from ..reports.pictures import predicted_boxes, thumbnail
from .charts import scatters
from .scores import SPLIT, ClassificationScores, DetectionScores, MultiLabelScores, RegressionScores, Scores

PICTURES_PER_GROUP = 3


@dataclass(frozen=True)
class Group:
    """Items under one heading, each as the pictures to stack: arguments of the macro `picture`."""

    heading: str
    stacks: list[list[dict[str, Any]]]


def page_evidence(baseline: Scores, custom: Scores, dataset: Dataset, seed: int) -> dict[str, Any]:
    """Context of the page's charts and pictures: `confusions`, `scatters`, `groups` and `confidences`.

    What a task does not have is an empty list. `confidences` are the ones from which on boxes are drawn.
    """
    evidence: dict[str, Any] = {"confusions": [], "scatters": [], "groups": [], "confidences": []}
    match baseline, custom:
        case RegressionScores(), RegressionScores():
            evidence["scatters"] = scatters(baseline, custom, seed)
        case ClassificationScores(), ClassificationScores():
            tables = [baseline.confusion, custom.confusion]
            evidence["confusions"] = [{"matrix": table, "mistakes": mistakes(table)} for table in tables]
            if dataset.task.is_image:
                evidence["groups"] = _classified_groups(baseline, custom, dataset)
        case MultiLabelScores(), MultiLabelScores():
            evidence["groups"] = _several_labels_groups(baseline, custom, dataset)
        case DetectionScores(), DetectionScores():
            confidences = [each.evaluation.best_confidence() for each in (baseline, custom)]
            evidence["confidences"] = confidences
            evidence["groups"] = _detected_groups(baseline, custom, confidences)
    return evidence


def _f1_per_image(scores: DetectionScores, confidence: float) -> NDArray[np.float64]:
    values = []
    for place in range(scores.count):
        boxes, true_boxes = scores.evaluation.outcomes(place)
        drawn = [is_correct for score, is_correct in boxes if score >= confidence]
        values.append(2 * sum(drawn) / (len(drawn) + true_boxes) if drawn or true_boxes else 1.0)
    return np.array(values)


def _detected_groups(baseline: DetectionScores, custom: DetectionScores, confidences: list[float]) -> list[Group]:
    both = list(zip((baseline, custom), confidences, ("baseline", "custom"), strict=True))
    f1 = [_f1_per_image(scores, confidence) for scores, confidence, _ in both]

    def stack(place: int) -> list[dict[str, Any]]:
        item = baseline.items[place]
        uri = _thumbnail(item)
        return [
            {
                "uri": uri,
                "true_boxes": item.usable_boxes(),
                "predicted_boxes": predicted_boxes(scores.predictions[item.id], confidence),
                "caption": f"{item.id}, {role}: F1 {values[place]:.2f}",
            }
            for (scores, confidence, role), values in zip(both, f1, strict=True)
        ]

    return [Group(heading, [stack(place) for place in places]) for heading, places in _telling_places(*f1)]


def _classified_groups(baseline: ClassificationScores, custom: ClassificationScores, dataset: Dataset) -> list[Group]:
    truth = truths(dataset, SPLIT)
    items = {item.id: item for item in dataset.items(SPLIT) if item.id in truth}

    def stack(place: int) -> list[dict[str, Any]]:
        chosen = f"baseline {baseline.chosen[place]}, custom {custom.chosen[place]}"
        caption = f"{baseline.ids[place]}: true {baseline.truth[place]}, {chosen}"
        return [{"uri": _thumbnail(items[baseline.ids[place]]), "caption": caption}]

    return [
        Group(heading, [stack(place) for place in places])
        for heading, places in _telling_places(baseline.true_probability, custom.true_probability)
    ]


def _several_labels_groups(baseline: MultiLabelScores, custom: MultiLabelScores, dataset: Dataset) -> list[Group]:
    items = {item.id: item for item in dataset.items(SPLIT)}

    def stack(place: int) -> list[dict[str, Any]]:
        identity = baseline.ids[place]
        said = (" + ".join(predicted_labels(each.predictions[identity])) or "none" for each in (baseline, custom))
        told = "true {}, baseline {}, custom {}".format(" + ".join(baseline.truth[identity]), *said)
        return [{"uri": _thumbnail(items[identity]), "caption": f"{identity}: {told}"}]

    return [
        Group(heading, [stack(place) for place in places])
        for heading, places in _telling_places(baseline.f1, custom.f1)
    ]


def _telling_places(baseline: NDArray[np.float64], custom: NDArray[np.float64]) -> list[tuple[str, list[int]]]:
    """Headings with the items that show the difference, by how good (0..1) each model is on each item."""
    gain = custom - baseline
    ranked = {
        "Where custom wins most": [int(place) for place in np.argsort(-gain, kind="stable") if gain[place] > 0],
        "Where baseline wins most": [int(place) for place in np.argsort(gain, kind="stable") if gain[place] < 0],
        "Custom at its best": np.argsort(-custom, kind="stable").tolist(),
        "Custom at its worst": np.argsort(custom, kind="stable").tolist(),
    }
    return [(heading, places[:PICTURES_PER_GROUP]) for heading, places in ranked.items() if places]


def _thumbnail(item: Item) -> str:
    return thumbnail(decode(read_image(item)))
