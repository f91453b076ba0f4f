"""Prediction files: one JSON line per item, `{"id": ..., "prediction": ...}`.

The prediction has the shape that Vertex AI's own models answer with:
https://docs.cloud.google.com/vertex-ai/docs/image-data/object-detection/interpret-results
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import numpy as np
from numpy.typing import NDArray

from ..data.storage import write_atomically
from ..errors import InputError

# Of an item that may have several labels: from this probability on it is said to have one.
THRESHOLD = 0.5


class LabelledPrediction(TypedDict):
    """Labels with their confidences in 0..1, in descending order.

    Classification names every label once. Detection has one entry per box, and `bboxes` as
    [xMin, xMax, yMin, yMax] in 0..1 of the picture's width and height.
    """

    displayNames: list[str]
    confidences: list[float]
    bboxes: NotRequired[list[list[float]]]


class ValuePrediction(TypedDict):
    """Prediction of a regression, in the unit of the label column."""

    value: float


class TensorPrediction(TypedDict):
    """What a model answers of which nobody knows what it means: output name to nested lists of numbers."""

    outputs: dict[str, Any]


# Of our own models, and of any.
Prediction = LabelledPrediction | ValuePrediction
AnyPrediction = Prediction | TensorPrediction


def read(path: str | Path) -> Iterator[tuple[str, Prediction]]:
    """Reads a prediction file as a stream of (item id, prediction).

    Raises:
        InputError: a line is no prediction.
    """
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                yield record["id"], record["prediction"]
            except (json.JSONDecodeError, KeyError, TypeError):
                raise InputError(
                    f'{path}, line {number}: not a prediction {{"id": ..., "prediction": ...}}; predict again.'
                ) from None


def write(path: str | Path, predictions: Iterable[tuple[str, Prediction]]) -> None:
    """Writes (item id, prediction) pairs as JSON lines, the file whole or not at all."""
    with write_atomically(path) as file, file.open("w", encoding="utf-8") as lines:
        for identity, prediction in predictions:
            record = {"id": identity, "prediction": prediction}
            lines.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")


def of_probabilities(labels: Sequence[str], probabilities: NDArray[np.floating]) -> LabelledPrediction:
    """Prediction of one classified item.

    Args:
        labels: in the order of the probabilities.
        probabilities: float [C].
    """
    if len(labels) != len(probabilities):
        raise ValueError(f"{len(probabilities)} probabilities for {len(labels)} labels")
    order: list[int] = np.argsort(-probabilities, kind="stable").tolist()
    return {"displayNames": [labels[place] for place in order], "confidences": probabilities[order].tolist()}


def to_probabilities(labels: Sequence[str], prediction: Prediction) -> NDArray[np.float64]:
    """Probabilities of one classified item in the order of `labels`, float64 [C]; a label not named has 0."""
    if "value" in prediction:
        raise TypeError("a prediction of a regression has no labels")
    confidence = dict(zip(prediction["displayNames"], prediction["confidences"], strict=True))
    return np.array([confidence.get(label, 0.0) for label in labels])


def predicted_labels(prediction: Mapping[str, Any]) -> list[str]:
    """The labels that an item is said to have which may have several, the surest first."""
    pairs = zip(prediction["displayNames"], prediction["confidences"], strict=True)
    return [label for label, confidence in pairs if confidence >= THRESHOLD]
