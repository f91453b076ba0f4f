"""How the members are to be put together: learned from the validation split, whatever the task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from ..models.metrics import label_codes, truths
from ..models.multi_label_metrics import has_several_labels, label_matrix
from ..models.predictions import to_probabilities
from .answers import Answers
from .boxes import METRIC, Pictures, learn_fusion
from .members import FEWEST_ITEMS
from .weights import SMALLEST, LogLoss, Loss, SquaredError, learn_weights


@dataclass(frozen=True)
class Learned:
    """What was learned.

    Attributes:
        weights: [M] with a sum of 1; 0 for a member that is not asked.
        iou_threshold: of box fusion; None where there are no boxes.
        by: the metric that was made as good as it gets, on `items` validation items.
        items: labelled ones, or in detection pictures with a box.
    """

    weights: NDArray[np.float64]
    iou_threshold: float | None
    by: str
    items: int


def learn(dataset: Dataset, labels: Sequence[str], answers: Sequence[Answers]) -> Learned:
    """Learns weights from what each member said of the validation items.

    Args:
        dataset: with the true labels.
        labels: of the ensemble, in its order; empty for regression.
        answers: of each member, honest ones: see `answers.ask_honestly`.

    Raises:
        InputError: the validation split has fewer than `FEWEST_ITEMS` labelled items.
    """
    if dataset.task is Task.OBJECT_DETECTION:
        items = list(dataset.items("validation"))
        with_boxes = sum(bool(item.usable_boxes()) for item in items)
        _check_enough(dataset, with_boxes)
        fusion = learn_fusion(Pictures(items, answers, dataset.labels))
        return Learned(fusion.weights, fusion.iou_threshold, METRIC, with_boxes)
    truth = truths(dataset, "validation")
    _check_enough(dataset, len(truth))
    weights = learn_weights(_loss(labels, truth, answers))
    return Learned(weights, None, "log_loss" if labels else "rmse", len(truth))


def _check_enough(dataset: Dataset, items: int) -> None:
    if items < FEWEST_ITEMS:
        raise InputError(
            f"{dataset.path}: the validation split has {items} labelled items, and weights are learned from "
            f"{FEWEST_ITEMS} at least (never from the test split): label more of them"
        )


def _loss(labels: Sequence[str], truth: Mapping[str, Any], answers: Sequence[Answers]) -> Loss:
    said: list[list[Any]] = [[each[identity] for each in answers] for identity in truth]
    if not labels:
        values = np.array([[each["value"] for each in of_item] for of_item in said], float)
        return SquaredError(values - np.array(list(truth.values()), float)[:, None])
    # [N, M, C]
    probabilities = np.array([[to_probabilities(labels, each) for each in of_item] for of_item in said])
    if has_several_labels(truth):
        given = label_matrix(labels, truth.values())[:, None]
        return LogLoss(_possible(np.where(given, probabilities, 1 - probabilities).swapaxes(1, 2)))
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    # One more class, which has probability 0, for labels that no member knows: these weigh for none of them.
    padded = np.pad(probabilities, [(0, 0), (0, 0), (0, 1)])
    codes = label_codes([str(label) for label in truth.values()], labels)
    return LogLoss(_possible(padded[np.arange(len(codes)), :, codes][:, None]))


def _possible(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clipped as the metric clips them."""
    return np.clip(probabilities, SMALLEST, 1)
