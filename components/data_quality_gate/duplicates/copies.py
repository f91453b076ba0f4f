"""Duplicates, and overlap between the splits: by bytes for any data, by sight for images."""

from collections.abc import Iterator

import pandas as pd

from ...data.dataset import Dataset
from ..columns import read_columns
from ..findings import Case, Finding, counted
from .near_images import COLUMNS, near_twins


def duplicates_and_overlap(data: Dataset) -> Iterator[Finding]:
    """Yields the findings of `duplicate`, `near_duplicate` and `split_overlap`."""
    items = read_columns(data, ["id", "source", "sha256"]).to_pandas()
    near = list(_near_cases(data)) if data.task.is_image else []
    of = f"{len(items):,} {'images' if data.task.is_image else 'rows'}"
    yield from counted("duplicate", list(_copies(items, ["split", "sha256"])), of)
    yield from counted("near_duplicate", [case for case in near if _is_within_split(case)], of)
    copied = [case for case in _copies(items, ["sha256"]) if not _is_within_split(case)]
    seen = {(case.split, case.id) for case in copied}
    alike = [case for case in near if not _is_within_split(case) and (case.split, case.id) not in seen]
    yield from counted("split_overlap", [*copied, *alike], of)


def _copies(items: pd.DataFrame, same: list[str]) -> Iterator[Case]:
    """Yields each item that agrees with an earlier one in these columns."""
    is_repeated = items.duplicated(same)
    is_first = items.duplicated(same, keep=False) & ~is_repeated
    pairs = items.loc[is_repeated].merge(items.loc[is_first], on=same, suffixes=("", "_first"))
    pairs["split_first"] = pairs["split"] if "split" in same else pairs["split_first"]
    for pair in pairs.to_dict("records"):
        detail = f"the same as {pair['id_first']} ({pair['split_first']}, {pair['source_first']})"
        twin = (pair["split_first"], pair["id_first"])
        yield Case(pair["id"], pair["source"], pair["split"], detail, twin=twin)


def _near_cases(data: Dataset) -> Iterator[Case]:
    """Yields each image that nearly repeats an earlier one; of copied bytes, only the first image is looked at."""
    images = read_columns(data, COLUMNS)
    firsts = (~images.select(["sha256"]).to_pandas()["sha256"].duplicated()).to_numpy()
    images = images.filter(firsts)
    shown = images.select(["id", "source", "split"])
    for place, earlier in near_twins(images):
        one, other = (shown.slice(each, 1).to_pylist()[0] for each in (place, earlier))
        detail = f"nearly the same picture as {other['id']} ({other['split']}, {other['source']})"
        yield Case(one["id"], one["source"], one["split"], detail, twin=(other["split"], other["id"]))


def _is_within_split(case: Case) -> bool:
    return case.twin is not None and case.twin[0] == case.split
