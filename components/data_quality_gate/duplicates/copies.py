"""Duplicates, contradictions, and overlap between the splits, of any data."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ...data.dataset import Dataset
from ...data.items import SPLITS, Task
from ...models.folder import ModelFolder
from ..columns import read_columns
from ..findings import Case, Finding, NotJudged, Outcome, counted
from .near_images import COLUMNS, near_twins
from .overlap_effect import without_copies
from .row_copies import row_copies
from .row_values import hashed, places_of_first
from .sorting import Items, Pairs, sort_out

# Two photographs of one scene come by chance; of more than this share of a split, the split was not made with care.
_FEW_NEARLY_SAME = 0.05


def duplicates_and_overlap(data: Dataset, baseline: ModelFolder) -> Iterator[Outcome]:
    """Yields the findings of `duplicate`, `near_duplicate`, `contradiction` and `split_overlap`.

    Of time series it yields nothing: their rows rightly repeat, and the importer marks a time that comes twice.

    Raises:
        InputError: an image has changed since the import.
    """
    if data.task is Task.TABULAR_FORECASTING:
        return
    if data.task.is_image:
        items, near, coincidences = *_images(data), 0
    else:
        copies = row_copies(data)
        items, near, coincidences = copies.items, copies.near, copies.coincidences
    found = sort_out(items, near)
    of = f"{len(items.key):,} {'images' if data.task.is_image else 'rows'}"
    duplicates = counted("duplicate", _cases(data, found.duplicate, items), of)
    yield from (replace(each, message=f"{each.message}{_aside(coincidences)}") for each in duplicates)
    if coincidences and not duplicates:
        yield NotJudged("duplicate", _aside(coincidences).strip())
    yield from counted("near_duplicate", _cases(data, found.near_duplicate, items), of)
    yield from counted("contradiction", _cases(data, found.contradiction, items), of)
    for each in counted("split_overlap", _cases(data, found.split_overlap, items), of):
        yield _with_effect(data, baseline, _by_weight(each, items, found.split_overlap))


def _aside(coincidences: int) -> str:
    if not coincidences:
        return ""
    rows, says = ("1 row repeats", "says") if coincidences == 1 else (f"{coincidences:,} rows repeat", "say")
    return f" {rows} an earlier one but {says} too little to tell a copy from a coincidence."


def _images(data: Dataset) -> tuple[Items, Pairs]:
    """The images, keyed by their bytes, and those that nearly repeat an earlier one."""
    images = read_columns(data, COLUMNS)
    key = hashed(images["sha256"].to_numpy())
    # Of equal bytes, only the first image is looked at.
    firsts = np.flatnonzero(places_of_first(key) == np.arange(len(key)))
    near = [(firsts[place], firsts[earlier]) for place, earlier in near_twins(images.take(firsts))]
    label = np.zeros(len(key), np.uint64)
    if data.task is Task.IMAGE_CLASSIFICATION:
        labels = ["\0".join(sorted(each)) for each in read_columns(data, ["labels"])["labels"].to_pylist()]
        label = np.where(np.array(labels) == "", 0, hashed(np.array(labels, object)))
    split = pd.Index(SPLITS).get_indexer(images["split"].to_pandas()).astype(np.int8)
    return Items(key, label, split), np.array(near, np.int64).reshape(-1, 2)


def _cases(data: Dataset, pairs: Pairs, items: Items) -> list[Case]:
    """The cases of pairs (place, earlier place)."""
    if not len(pairs):
        return []
    table = read_columns(data, ["id", "source"])
    ones, others = (table.take(pairs[:, side]).to_pylist() for side in (0, 1))
    is_same = items.key[pairs[:, 0]] == items.key[pairs[:, 1]]
    return [
        Case(
            one["id"],
            one["source"],
            one["split"],
            f"{'' if same else 'nearly '}the same as {_place(other)}",
            twin=(other["split"], other["id"]),
        )
        for one, other, same in zip(ones, others, is_same, strict=True)
    ]


def _place(item: dict[str, str]) -> str:
    """Where an item is, for people; a row's id says its file and line already."""
    source = f", {item['source']}" if item["source"] != item["id"] else ""
    return f"{item['id']} ({item['split']}{source})"


def _by_weight(overlap: Finding, items: Items, pairs: Pairs) -> Finding:
    """The finding, as a warning where no item is the same and hardly any of a split nearly so."""
    is_same = items.key[pairs[:, 0]] == items.key[pairs[:, 1]]
    # Training items come first: the later item of a pair is the one that is held out.
    share = (np.bincount(items.split[pairs[:, 0]], minlength=3) / np.bincount(items.split, minlength=3).clip(1)).max()
    if is_same.any() or share > _FEW_NEARLY_SAME:
        return overlap
    few = f"They are nearly the same only, and {share:.1%} of a split: too few to mislead."
    return replace(overlap, severity="warning", message=f"{overlap.message} {few}")


def _with_effect(data: Dataset, baseline: ModelFolder, overlap: Finding) -> Finding:
    tested = {case.id for case in overlap.cases if case.split == "test"}
    return replace(overlap, counterfactuals=list(without_copies(data, baseline, tested)))
