"""Copies among the rows of a table: which rows are the same item again, and which only look so by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from .coincidence import are_copies
from .near_rows import near_pairs
from .row_keys import row_keys
from .row_values import places_of_first
from .sorting import Items, Pairs


@dataclass(frozen=True, slots=True)
class RowCopies:
    """What repeats among N rows of all splits, training rows first.

    Attributes:
        items: the rows, with one key for all copies of an item.
        near: pairs (place, earlier place) of rows that are nearly the same, int64 [P, 2].
        coincidences: rows that repeat an earlier one and say too little for that to be more than chance.
    """

    items: Items
    near: Pairs
    coincidences: int


def row_copies(data: Dataset) -> RowCopies:
    """Finds the copies among the rows of a table."""
    keys = row_keys(data)
    first = places_of_first(keys.exact)
    is_first = first == np.arange(len(first))
    near = near_pairs(data, keys, is_first)
    same = _one_pair_per_group(first)
    is_distinct = is_first.copy()
    is_distinct[near[:, 0]] = False
    surely = are_copies(data, keys, np.concatenate([same, near]), is_distinct)
    is_copied = np.zeros(len(first), bool)
    is_copied[same[surely[: len(same)], 1]] = True
    # Rows that say little are copies where they agree even in the column that numbers them.
    key = np.where(is_copied[first], keys.exact, keys.entry)
    coincidences = ~is_first & ~is_copied[first] & (places_of_first(key) == np.arange(len(first)))
    return RowCopies(Items(key, keys.label, keys.split), near[surely[len(same) :]], int(coincidences.sum()))


def _one_pair_per_group(first: NDArray[np.int64]) -> Pairs:
    """The first two of each group of equal rows, (second, first)."""
    later = np.flatnonzero(first != np.arange(len(first)))
    _, second = np.unique(first[later], return_index=True)
    return np.column_stack([later[second], first[later[second]]])
