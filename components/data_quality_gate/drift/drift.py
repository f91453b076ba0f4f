"""Drift: columns whose values are distributed otherwise in another split, or than in the reference."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import ColumnType, Task
from ..findings import Case, NotJudged, Outcome, finding
from ..rules import RULES
from ..schema.profile import COUNTED, ColumnProfile, Profile, histogram, numbers
from ..schema.values import id_columns
from .changes import (
    LATER,
    Change,
    categories_change,
    histogram_change,
    missing_change,
    numbers_change,
    remarkable,
)


def drift(data: Dataset, profile: Profile, reference: Profile | None) -> Iterator[Outcome]:
    """Yields the finding of `drift`: a case for each column and split that differs from train, or from the reference.

    A difference must be both large and no chance. Dates are left out, as they go on by nature, and so are columns that
    number the rows. The splits of a forecast follow each other in time, so that all of its columns may go on: there,
    only a reference shows drift.

    Args:
        data: any data set; only tables are judged.
        profile: of it.
        reference: profile of earlier data, whose training split is held against this one's; or None.
    """
    if not profile:
        return
    if data.task is Task.TABULAR_FORECASTING and not reference:
        yield NotJudged("drift", "A forecast's splits follow each other in time: give a reference to compare with.")
        return
    found = remarkable(list(_changes(data, profile, reference)), RULES["drift"].threshold)
    cases = [Case("", "", split, change.detail, column=name) for (name, split), change in found]
    columns = len({name for (name, _), _ in found})
    against = "train or the reference" if reference else "train"
    are = "is" if columns == 1 else "are"
    message = f"{columns:,} of {len(data.columns):,} columns {are} distributed otherwise than in {against}."
    yield from finding("drift", max((change.size for _, change in found), default=0.0), cases, message)


def _changes(data: Dataset, profile: Profile, reference: Profile | None) -> Iterator[tuple[tuple[str, str], Change]]:
    """Yields the column and the split of each comparison, with what it shows."""
    ids = id_columns(data, profile)
    earlier = (reference or {}).get("train", {})
    later = () if data.task is Task.TABULAR_FORECASTING else LATER
    for name in [each.name for each in data.columns if each.type is not ColumnType.DATE and each.name not in ids]:
        train, values = profile["train"][name], _values(data, "train", name)
        for split in later:
            found = _between((train, profile[split][name]), values, _values(data, split, name), ("train", split))
            yield from (((name, split), change) for change in found)
        known = earlier.get(name)
        if known and known.type is train.type:
            found = _between((known, train), None, values, ("the reference", "train"))
            yield from (((name, "train"), change) for change in found)


def _values(data: Dataset, split: str, name: str) -> pa.ChunkedArray:
    return data.table(split, columns=[name])[name].drop_null()


def _between(
    profiles: tuple[ColumnProfile, ColumnProfile],
    earlier: pa.ChunkedArray | None,
    later: pa.ChunkedArray,
    names: tuple[str, str],
) -> Iterator[Change]:
    """Yields the changes of a column from one sample to another; of the earlier one, the values may be unknown."""
    first, second = profiles
    if first.rows and second.rows:
        yield missing_change((first.missing, second.missing), (first.rows, second.rows), names)
    if not first.present or not second.present:
        return
    if first.type in COUNTED:
        yield categories_change(_counts(first, later), list(first.categories), names)
    elif earlier is not None:
        yield numbers_change(numbers(earlier, first.type), numbers(later, first.type), names)
    else:
        counts = np.array([first.counts, histogram(numbers(later, first.type), np.array(first.edges))])
        yield histogram_change(counts, (first.quartiles[1], second.quartiles[1]), names)


def _counts(known: ColumnProfile, values: pa.ChunkedArray) -> NDArray[np.int64]:
    """Counts [2, categories + 1] of what a profile lists, and of all other values: the profile's, and these values'."""
    listed = pa.array(list(known.categories), pa.string())
    places = (
        pc.call_function("index_in", [values.cast(pa.string())], pc.SetLookupOptions(listed))
        .fill_null(len(listed))
        .to_numpy()
    )
    own = [*known.categories.values(), known.present - sum(known.categories.values())]
    return np.array([own, np.bincount(places, minlength=len(listed) + 1)])
