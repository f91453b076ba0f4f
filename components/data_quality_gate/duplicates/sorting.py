"""Items that are the same or nearly the same, sorted out by rule: the same for images, rows and texts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .row_values import places_of_first

Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Items:
    """N items of all splits, training items first.

    Attributes:
        key: uint64 [N], equal for the same item.
        label: uint64 [N], 0 where there is none.
        split: int8 [N], place in `SPLITS`.
    """

    key: NDArray[np.uint64]
    label: NDArray[np.uint64]
    split: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs (place, earlier place) by rule, each int64 [P, 2]; those of equal items first, in the order of places."""

    duplicate: Pairs
    near_duplicate: Pairs
    contradiction: Pairs
    split_overlap: Pairs


def sort_out(items: Items, near: Pairs) -> Found:
    """Sorts out which rule each repeated item breaks.

    Within a split it is a duplicate (or a near one) of the first such item there; with another label than the first, it
    is a contradiction instead. Between splits it is an overlap, whatever its label.

    Args:
        items: the items.
        near: pairs (place, earlier place) of items that are nearly the same.
    """
    same = _with_first(places_of_first(items.key))
    within = _with_first(places_of_first(items.key, items.split, items.label))
    near = _one_per_split(items, near)
    contradicts, contradicts_nearly = _disagree(items.label, same), _disagree(items.label, near)
    crosses, crosses_nearly = _disagree(items.split + 1, same), _disagree(items.split + 1, near)
    return Found(
        duplicate=within,
        near_duplicate=near[~crosses_nearly & ~contradicts_nearly],
        contradiction=np.concatenate([same[contradicts], near[contradicts_nearly]]),
        split_overlap=_one_per_item(np.concatenate([same[crosses], near[crosses_nearly]])),
    )


def _with_first(first: NDArray[np.int64]) -> Pairs:
    pairs = np.column_stack([np.arange(len(first)), first])
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _disagree(values: NDArray, pairs: Pairs) -> NDArray[np.bool_]:
    """Whether both items of a pair have a value, and not the same."""
    one, other = values[pairs[:, 0]], values[pairs[:, 1]]
    return (one != other) & (one != 0) & (other != 0)


def _one_per_split(items: Items, pairs: Pairs) -> Pairs:
    """Of the pairs of an item, the first with a twin in each split."""
    pairs = pairs[np.lexsort([pairs[:, 1], pairs[:, 0]])]
    return pairs[np.unique(np.column_stack([pairs[:, 0], items.split[pairs[:, 1]]]), axis=0, return_index=True)[1]]


def _one_per_item(pairs: Pairs) -> Pairs:
    return pairs[np.sort(np.unique(pairs[:, 0], return_index=True)[1])]
