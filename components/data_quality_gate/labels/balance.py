"""How many examples each label has to learn from."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from ...data.dataset import Dataset
from ...data.items import Task
from ..findings import Case, Finding, finding
from ..rules import RULES


def train_counts(data: Dataset) -> dict[str, int]:
    """Examples of each label in the train split, the commonest first: boxes for detection; empty for regression."""
    if data.task.predicts_numbers:
        return {}
    found = {str(pair["values"]): pair["counts"] for pair in _train_labels(data).value_counts().to_pylist()}
    counts = {label: found.get(label, 0) for label in data.labels}
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def balance(data: Dataset) -> Iterator[Finding]:
    """Yields the findings of `too_few_per_label` and `class_imbalance`."""
    counts = train_counts(data)
    if counts:
        unit = "boxes" if data.task is Task.OBJECT_DETECTION else "items"
        yield from _too_few(data.task, counts, unit)
        yield from _imbalance(counts, unit)


def _too_few(task: Task, counts: dict[str, int], unit: str) -> Iterator[Finding]:
    bands, fewest = _bands(task), min(counts.values())
    limit = next((band for band in bands if fewest < band), None)
    if limit is None:
        return
    rare = {label: count for label, count in reversed(counts.items()) if count < bands[-1]}
    under = ", ".join(f"{sum(count < band for count in rare.values())} under {band:,}" for band in reversed(bands))
    message = (
        f"Of {len(counts)} labels, so many have few {unit} in train: {under}. The rarest has {fewest:,}; "
        f"under {bands[0]} are too few to learn from, {bands[-1]:,} or more are recommended."
    )
    for found in finding("too_few_per_label", fewest, _label_cases(rare, unit), message):
        # A rare class of a table may be what the table is about: it stops nobody.
        yield replace(found, threshold=limit, severity=found.severity if task.is_image else "warning")


def _bands(task: Task) -> tuple[int, ...]:
    # The service's guidance of 1,000 is for images. A row says more about its label than a pixel, and a table or a text
    # of a few hundred rows is usual.
    return (10, 100, 1000) if task.is_image else (10, 100)


def _imbalance(counts: dict[str, int], unit: str) -> list[Finding]:
    # A label without any example is for `too_few_per_label`; there is no ratio to it.
    present = {label: count for label, count in counts.items() if count}
    if not present:
        return []
    (common, most), (rarest, fewest) = next(iter(present.items())), list(present.items())[-1]
    limit = RULES["class_imbalance"].threshold
    rare = {label: count for label, count in reversed(present.items()) if most / count > limit}
    message = f"{common!r} has {most:,} {unit} in train and {rarest!r} {fewest:,}: {most / fewest:.1f} times as many."
    return finding("class_imbalance", most / fewest, _label_cases(rare, unit), message)


def _label_cases(counts: dict[str, int], unit: str) -> list[Case]:
    return [
        Case("", "", "train", f"label {label!r}: {count:,} {unit} in train", label=label)
        for label, count in counts.items()
    ]


def _train_labels(data: Dataset) -> pa.Array:
    if data.task is Task.OBJECT_DETECTION:
        return data.table("train", ["boxes"])["boxes"].combine_chunks().flatten().field("label")
    if data.task is Task.IMAGE_CLASSIFICATION:
        return data.table("train", ["labels"])["labels"].combine_chunks().flatten()
    return data.table("train", [data.label_column])[data.label_column].combine_chunks().drop_null()
