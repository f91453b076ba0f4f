"""The page that shows a dataset to a person."""

from collections import Counter
from itertools import islice
from pathlib import Path

from ..data.dataset import Dataset
from ..data.images import decode, read_image
from ..data.items import SPLITS, Fault, Item, Task
from ..reports.formats import words
from ..reports.page import render, write_page
from ..reports.pictures import thumbnail

_MOST_ROWS = 50
_MOST_LABELS = 100
_PICTURES = 6


def describe_dataset(dataset: str | Path, page: str | Path) -> None:
    """Writes the page of a dataset: counts by split and label, columns, faults, rejects and sample images.

    Args:
        dataset: dataset folder.
        page: HTML file to write.

    Raises:
        InputError: it is not a dataset folder, or an image has changed since it was imported.
    """
    opened = Dataset.open(dataset)
    labels = _label_counts(opened)
    html = render(
        "import_dataset/page.html",
        title="Imported data",
        dataset=opened,
        splits=SPLITS,
        labels=labels[:_MOST_LABELS],
        labels_left_out=max(len(labels) - _MOST_LABELS, 0),
        fault_rows=[{"label": words(rule), "value": count} for rule, count in opened.summary["faults"].items()],
        faulty=_faulty(opened),
        rejects=list(islice(opened.rejects(), _MOST_ROWS)),
        most_rows=_MOST_ROWS,
        pictures=[(thumbnail(decode(read_image(item))), item) for item in _samples(opened)],
    )
    write_page(page, html)


def _label_counts(dataset: Dataset) -> list[tuple[str, dict[str, int]]]:
    """How often each label occurs in each split (boxes in detection), the most frequent first."""
    columns = {
        Task.OBJECT_DETECTION: "boxes",
        Task.IMAGE_CLASSIFICATION: "labels",
        Task.TABULAR_CLASSIFICATION: dataset.label_column,
        Task.TEXT_CLASSIFICATION: dataset.label_column,
    }
    if dataset.task not in columns:
        return []
    column = columns[dataset.task]
    counts: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    for split in SPLITS:
        for batch in dataset.batches(split, columns=[column]):
            values = batch[column].flatten() if dataset.task.is_image else batch[column].drop_null()
            counts[split].update((values.field("label") if column == "boxes" else values).to_pylist())
    rows = [(label, {split: counts[split][label] for split in SPLITS}) for label in dataset.labels]
    return sorted(rows, key=lambda row: -sum(row[1].values()))


def _faulty(dataset: Dataset) -> list[tuple[str, str, Fault]]:
    """The split, the id and the fault of the first faulty items."""
    id_column, fault_column = ("id", "faults") if dataset.task.is_image else ("__id__", "__faults__")
    found = (
        (split, row[id_column], Fault(**fault))
        for split in SPLITS
        for batch in dataset.batches(split, columns=[id_column, fault_column])
        for row in batch.to_pylist()
        for fault in row[fault_column]
    )
    return list(islice(found, _MOST_ROWS)) if dataset.summary["faults"] else []


def _samples(dataset: Dataset) -> list[Item]:
    if not dataset.task.is_image:
        return []
    return list(islice((item for split in SPLITS for item in dataset.items(split)), _PICTURES))
