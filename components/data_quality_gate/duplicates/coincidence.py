"""Telling copies from coincidences: rows that say little repeat each other by chance.

How likely is it that another row agrees with this one by chance? Each column in which they agree makes it less likely:
by the share of the rows that come as near to its value (a value that no other row has: by the share that Good and
Turing give it, Good 1953, https://doi.org/10.2307/2333344), in bits as -log2. Columns that hang on each other say
things twice, so each counts by the part that no more telling column says already. Of N rows about N² / 2 pairs would
agree so by chance times that likelihood. Pairs are called copies as far as they are a hundred times as many as that:
a bound on the share of false ones, as Benjamini and Hochberg (1995) set it.

Three columns may hang on each other where no two do. So the data are asked as well: where other rows miss a row by one
column only, one that agrees in that column too is to be expected.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import Column, ColumnType
from ..columns import all_values
from .row_keys import RowKeys
from .row_values import comparable, words

# The share of coincidences that is put up with among what is called a copy.
_RISK = 0.01
# A letter of English says about one bit (Shannon 1951, https://doi.org/10.1002/j.1538-7305.1951.tb01366.x); a text of
# other letters has more bytes and says more.
_BITS_PER_BYTE = 1.0
# The share of such pairs that may be expected by other rows' near misses before all are taken for coincidences.
_MOST_EXPECTED = 0.1
_SAMPLE = 5000
_MOST_COLUMNS = 64
_BINS = 16


def are_copies(
    data: Dataset, keys: RowKeys, pairs: NDArray[np.int64], is_distinct: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether each pair is more than a coincidence.

    Args:
        data: a table.
        keys: of its rows.
        pairs: (place, earlier place) of rows that are equal or nearly so in every compared column, int64 [P, 2].
        is_distinct: bool [N]: the rows without those that may be copies of others, to count values in.

    Returns:
        bool [P].
    """
    if not len(pairs) or not keys.compared:
        return np.zeros(len(pairs), bool)
    distinct = np.flatnonzero(is_distinct)
    sample = distinct[np.linspace(0, len(distinct) - 1, min(_SAMPLE, len(distinct)), dtype=np.int64)]
    bits, sampled, expected = [], [], np.zeros(len(pairs))
    for column in keys.compared:
        values = comparable(column, all_values(data, column.name))
        sampled.append(values[sample])
        bits.append(_bits(values, pairs, distinct))
        if column.type is ColumnType.TEXT:
            bits[-1] = np.where(_is_single(bits[-1], distinct), _letters(data, column, pairs), bits[-1])
        share = np.exp2(-bits[-1])
        misses = _misses(keys.without(data, column), pairs[:, 1], distinct)
        expected = np.maximum(expected, misses * share / np.maximum(1 - share, _RISK))
    said = (_new_shares(sampled)[:, None] * np.array(bits)).sum(axis=0)
    surely, is_expected = _surely(said, len(is_distinct)), expected > _RISK
    # Where many are to be expected, the others only had luck.
    return surely & ~is_expected & ((surely & is_expected).sum() <= _MOST_EXPECTED * surely.sum())


def _surely(bits: NDArray[np.float64], rows: int) -> NDArray[np.bool_]:
    """The pairs, those with the most bits first, as long as few enough of them are expected by chance."""
    order = np.argsort(-bits, kind="stable")
    expected = 0.5 * rows**2 * 2.0 ** -bits[order]
    passing = np.flatnonzero(expected <= _RISK * np.arange(1, len(order) + 1))
    surely = np.zeros(len(bits), bool)
    surely[order[: passing[-1] + 1 if len(passing) else 0]] = True
    return surely


def _bits(values: NDArray, pairs: NDArray[np.int64], distinct: NDArray[np.int64]) -> NDArray[np.float64]:
    """-log2 of the share of rows that come as near to the one row's value as the other row does, float64 [P]."""
    ordered = np.sort(values[distinct])
    one, other = values[pairs[:, 1]], values[pairs[:, 0]]
    is_hash = values.dtype == np.uint64
    away = np.zeros(len(one), values.dtype) if is_hash else np.nan_to_num(np.abs(one - other))
    counts = np.searchsorted(ordered, one + away, "right") - np.searchsorted(ordered, one - away, "left")
    shares = np.maximum(counts, 1) / len(ordered)
    return -np.log2(np.where(counts <= 1, shares * _discount_of_single(ordered), shares))


def _is_single(bits: NDArray[np.float64], distinct: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether no other row has the value, which then has as many bits as the count of rows can show."""
    return bits >= np.log2(len(distinct))


def _misses(key: NDArray[np.uint64], places: NDArray[np.int64], distinct: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many other rows agree with each of these in everything but one column, by the key of all others."""
    wanted, order = np.unique(key[places], return_inverse=True)
    found = pd.Index(wanted).get_indexer(key[distinct])
    return np.maximum(np.bincount(found[found >= 0], minlength=len(wanted))[order] - 1, 0)


def _discount_of_single(ordered: NDArray) -> float:
    """Good and Turing: what a value that was seen once counts for, from how many were seen once and twice."""
    present = ordered[ordered == ordered]
    starts = np.flatnonzero(np.append(True, present[1:] != present[:-1])) if len(present) else np.empty(0, np.int64)
    times = np.bincount(np.diff(np.append(starts, len(present))), minlength=3)
    return min(1.0, 2 * (times[2] + 1) / max(times[1], 1))


def _letters(data: Dataset, column: Column, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    texts = words(column, all_values(data, column.name).take(pairs[:, 1]))
    return _BITS_PER_BYTE * pc.call_function("binary_length", [texts]).fill_null(0).to_numpy()


def _new_shares(sampled: Sequence[NDArray]) -> NDArray[np.float64]:
    """The share of each column's information that no more telling column has, float64 [C]; 0 beyond `_MOST_COLUMNS`.

    Read from neighbours in the order of one column (numbers), or pairs of rows equal in it (strings): where these agree
    in another column more often than any two rows do, the one says part of the other.
    """
    coarse = np.array([_coarse(values) for values in sampled])
    by_chance = np.array([_agreement(codes) for codes in coarse])
    most_telling = np.argsort(by_chance, kind="stable")[:_MOST_COLUMNS]
    shares = np.zeros(len(sampled))
    known = np.zeros(len(sampled))
    for place in most_telling:
        shares[place] = 1 - known[place]
        known = np.maximum(known, _said(sampled[place], coarse, by_chance))
    return shares


def _said(values: NDArray, coarse: NDArray[np.int64], by_chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each column's information that this one says, 0..1."""
    order = np.argsort(values, kind="stable")
    one, other = order[:-1], order[1:]
    if values.dtype == np.uint64:
        is_same = values[one] == values[other]
        one, other = one[is_same], other[is_same]
    if not len(one):
        return np.zeros(len(coarse))
    agreeing = np.maximum((coarse[:, one] == coarse[:, other]).mean(axis=1), 1 / len(values))
    return np.clip(1 - np.log(agreeing) / np.minimum(np.log(by_chance), -1e-12), 0, 1)


def _coarse(values: NDArray) -> NDArray[np.int64]:
    """Codes of values; numbers that vary are put into bins of equal counts."""
    codes, uniques = pd.factorize(values, sort=values.dtype != np.uint64, use_na_sentinel=False)
    if values.dtype == np.uint64 or len(uniques) <= _BINS:
        return codes.astype(np.int64)
    return (pd.Series(values).rank(method="average", na_option="bottom", pct=True) * _BINS).astype(np.int64).to_numpy()


def _agreement(codes: NDArray[np.int64]) -> float:
    """How likely any two rows agree."""
    counts = np.bincount(codes).astype(float)
    return max(float((counts * (counts - 1)).sum() / max(len(codes) * (len(codes) - 1), 1)), 1 / len(codes))
