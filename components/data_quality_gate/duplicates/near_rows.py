"""Near duplicates among rows of a table: coarse keys propose pairs, values decide.

The same design as `near_images`: rows that agree in one of a few coarse keys are sorted together (locality-sensitive
hashing by shifted grids), and only neighbours in it are compared: no quadratic search.
"""

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import ColumnType
from ..columns import all_values
from .row_keys import RowKeys
from .row_values import comparable, spread

# Two numbers are near that differ by no more than this, in spreads of their column, or as a share of the number.
_NEAR_IN_SPREADS = 0.005
_NEAR_IN_SHARES = 0.0015

Pairs = NDArray[np.int64]


def near_pairs(data: Dataset, keys: RowKeys, is_first: NDArray[np.bool_]) -> Pairs:
    """Pairs (place, earlier place) of rows that are nearly equal in every compared column, int64 [P, 2].

    Args:
        data: a table.
        keys: of its rows.
        is_first: bool [N]: the rows to look at, no two of which are equal.
    """
    places = np.flatnonzero(is_first)
    if not keys.compared:
        return np.empty((0, 2), np.int64)
    proposed = np.concatenate([_neighbours(key[places]) for key in keys.coarse])
    # As single numbers, which are sorted many times faster than pairs.
    pairs = places[np.column_stack(np.divmod(np.unique(proposed @ [len(places), 1]), len(places)))]
    for column in keys.compared:
        if not len(pairs):
            break
        values = comparable(column, all_values(data, column.name))
        pairs = pairs[_are_near(values, pairs, is_number=column.type is ColumnType.NUMBER)]
    return pairs


def _neighbours(key: NDArray[np.uint64]) -> Pairs:
    """Pairs (later, earlier) of places with equal keys: each place with the first and with the one before it."""
    order = np.argsort(key, kind="stable")
    is_same = key[order][1:] == key[order][:-1]
    starts = np.maximum.accumulate(np.where(np.append(False, is_same), 0, np.arange(len(order))))[1:]
    later, before, first = order[1:][is_same], order[:-1][is_same], order[starts[is_same]]
    return np.concatenate([np.column_stack([later, before]), np.column_stack([later, first])])


def _are_near(values: NDArray, pairs: Pairs, *, is_number: bool) -> NDArray[np.bool_]:
    later, earlier = values[pairs[:, 0]], values[pairs[:, 1]]
    if not is_number:
        return (later == earlier) | ((later != later) & (earlier != earlier))
    return np.isclose(later, earlier, rtol=_NEAR_IN_SHARES, atol=_NEAR_IN_SPREADS * spread(values), equal_nan=True)
