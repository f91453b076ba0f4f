"""What the service is given to learn from and to predict, in files in the staging bucket."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...data.dataset import Dataset

# In tables: our own splits, and which row it is.
SPLIT_COLUMN = "graduate_split"
ROW_COLUMN = "graduate_row"
# The service's words for splits.
ML_USE = {"train": "training", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class Material:
    """Files in the staging bucket.

    Attributes:
        training: URI of the table or of the import file, with all splits.
        to_predict: URIs of the instances of the validation and the test split.
        instances_format: of these.
        item_id: the item's id of an instance as the predictions repeat it; None where there is no such item.
    """

    training: str
    to_predict: tuple[str, ...]
    instances_format: Literal["csv", "jsonl"]
    item_id: Callable[[Mapping[str, Any]], str | None]


def item_ids(dataset: Dataset, split: str) -> list[str]:
    """The ids of a split's items, in order."""
    if dataset.task.is_image:
        return [item.id for item in dataset.items(split)]
    return dataset.table(split, columns=["__id__"])["__id__"].to_pylist()
