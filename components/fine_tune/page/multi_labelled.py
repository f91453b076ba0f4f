"""What a classifier of images with several labels gets right and wrong on the test split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from ...data.dataset import Dataset
from ...models.multi_label_metrics import matrices
from ...models.predictions import THRESHOLD
from .label_rows import LabelRow, weakest_first
from .pictures import pictures

WORST = 12
_NAMED = 4


@dataclass(frozen=True)
class MultiLabelEvidence:
    """What the page shows of a classifier of images with several labels.

    Attributes:
        labels: average precision of each label that an image has, with precision and recall.
        absent: labels that no image has.
        threshold: probability from which on a label is predicted.
        worst: pictures of the surest mistakes.
    """

    labels: list[LabelRow]
    absent: list[str]
    threshold: float
    worst: list[dict[str, Any]]
    kind: str = "multi_label"


def multi_labelled(
    dataset: Dataset, labels: Sequence[str], truth: Mapping[str, Any], found: Mapping[str, Any]
) -> MultiLabelEvidence:
    """The evidence of a classifier of images with several labels.

    Args:
        dataset: of images.
        labels: of the model.
        truth: the tuple of labels by item id, not empty.
        found: predictions by item id, of these items at least.
    """
    unknown = {label for given in truth.values() for label in given} - set(labels)
    columns = [*labels, *sorted(unknown)]
    given, probabilities = matrices(labels, truth, found)
    by_label = list(zip(columns, given.T, probabilities.T, strict=True))
    return MultiLabelEvidence(
        labels=weakest_first(_label_row(*each) for each in by_label if each[1].any()),
        absent=[label for label, has, _ in by_label if not has.any()],
        threshold=THRESHOLD,
        worst=pictures(dataset, _worst(columns, list(truth), given, probabilities)),
    )


def _label_row(label: str, given: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> LabelRow:
    chosen = probabilities >= THRESHOLD
    right = float((given & chosen).sum())
    precision = right / chosen.sum() if chosen.any() else None
    value = float(average_precision_score(given, probabilities))
    return LabelRow(label, int(given.sum()), value, {"precision": precision, "recall": right / given.sum()})


def _worst(
    labels: Sequence[str], identities: Sequence[str], given: NDArray[np.bool_], probabilities: NDArray[np.float64]
) -> dict[str, str]:
    """What is wrong with the images whose worst label is furthest from the truth, by their ids."""
    wrong = np.where(given != (probabilities >= THRESHOLD), np.abs(given - probabilities), 0.0)
    ranked = [int(image) for image in np.argsort(-wrong.max(axis=1), kind="stable")[:WORST]]
    return {
        identities[image]: _in_words(labels, wrong[image], given[image], probabilities[image])
        for image in ranked
        if wrong[image].any()
    }


def _in_words(
    labels: Sequence[str],
    wrong: NDArray[np.float64],
    given: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
) -> str:
    """The labels that are missing or too many, the surest mistake first."""
    return ", ".join(
        f"{labels[place]} {'missing' if given[place] else 'too many'} ({probabilities[place]:.2f})"
        for place in np.argsort(-wrong, kind="stable")[:_NAMED]
        if wrong[place]
    )
