"""What a classifier gets right and wrong on the test split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from ...data.dataset import Dataset
from ...models.metrics import Confusion, confusion
from ...reports.confusions import mistakes
from .label_rows import LabelRow, weakest_first
from .pictures import pictures
from .rows import RowTable, row_table

WORST = 12


@dataclass(frozen=True)
class LabelEvidence:
    """What the page shows of a classifier.

    Attributes:
        labels: F1 of each label, with precision and recall.
        confusion: of the labels.
        mistakes: the most frequent ones, as rows of the macro `bar_list`.
        worst: pictures of the surest mistakes.
        rows: the surest mistakes in a table; None of images.
    """

    labels: list[LabelRow]
    confusion: Confusion
    mistakes: list[dict[str, Any]]
    worst: list[dict[str, Any]]
    rows: RowTable | None
    kind: str = "classification"


def labelled(dataset: Dataset, truth: Mapping[str, Any], found: Mapping[str, Any]) -> LabelEvidence:
    """The evidence of a classifier.

    Args:
        dataset: of items with one label each.
        truth: the true label by item id, not empty.
        found: predictions by item id, of these items at least.
    """
    chosen = {identity: found[identity]["displayNames"][0] for identity in truth}
    sure = {identity: found[identity]["confidences"][0] for identity in truth}
    wrong = [identity for identity, label in truth.items() if chosen[identity] != label]
    answers = {
        identity: (truth[identity], f"{chosen[identity]} ({sure[identity]:.2f})")
        for identity in sorted(wrong, key=lambda identity: -sure[identity])[:WORST]
    }
    words = {identity: f"{true} taken for {predicted}" for identity, (true, predicted) in answers.items()}
    table, is_image = confusion(truth, found), dataset.task.is_image
    return LabelEvidence(
        labels=_label_rows(list(truth.values()), list(chosen.values())),
        confusion=table,
        mistakes=mistakes(table),
        worst=pictures(dataset, words) if is_image else [],
        rows=None if is_image else row_table(dataset, answers),
    )


def _label_rows(true: Sequence[str], chosen: Sequence[str]) -> list[LabelRow]:
    labels = sorted({*true, *chosen})
    figures = precision_recall_fscore_support(true, chosen, labels=labels, zero_division=np.nan)  # pyright: ignore[reportArgumentType]
    return weakest_first(
        LabelRow(label, int(count), float(np.nan_to_num(f1)), {"precision": precision, "recall": recall})
        for label, precision, recall, f1, count in zip(labels, *figures, strict=True)  # pyright: ignore[reportArgumentType]
    )
