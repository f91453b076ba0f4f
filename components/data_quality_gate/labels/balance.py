"""How many examples each label has to learn from."""

from collections.abc import Iterator

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
        yield from _too_few(counts, unit)
        yield from _imbalance(counts, unit)


def _too_few(counts: dict[str, int], unit: str) -> list[Finding]:
    rule = RULES["too_few_per_label"]
    rare = {label: count for label, count in reversed(counts.items()) if count < rule.threshold}
    message = (
        f"{len(rare)} of {len(counts)} labels have under {rule.threshold} {unit} in train, the rarest "
        f"{min(counts.values())}; under {rule.critical_threshold} are too few to learn from."
    )
    return finding("too_few_per_label", min(counts.values()), _label_cases(rare, unit), message)


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
    return [Case("", "", "train", f"label {label!r}: {count:,} {unit} in train") for label, count in counts.items()]


def _train_labels(data: Dataset) -> pa.Array:
    if data.task is Task.OBJECT_DETECTION:
        return data.table("train", ["boxes"])["boxes"].combine_chunks().flatten().field("label")
    if data.task is Task.IMAGE_CLASSIFICATION:
        return data.table("train", ["labels"])["labels"].combine_chunks().flatten()
    return data.table("train", [data.label_column])[data.label_column].combine_chunks().drop_null()
