"""Columns of a table in a form in which rows can be compared by the million."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...data.items import Column, ColumnType

# A column numbers the rows when nearly all of its values differ (copied rows repeat theirs) ...
_DISTINCT_SHARE_OF_KEY = 0.85
# ... and, being of whole numbers, they leave few gaps: a price in whole units leaves many.
_LARGEST_RANGE_OF_KEY = 2.0
_MIDDLE = (10, 90)  # percent: copies may be numbered far away
_FIRST_VALUES = 2000

# RE2 knows only ASCII's spaces as \s.
_SPACES = r"[\s\pZ]+"
_SPACES_AND_PUNCTUATION = r"[\s\pZ\pP]+"


def comparable(column: Column, values: pa.ChunkedArray) -> NDArray[np.float64] | NDArray[np.uint64]:
    """Values as they are compared: float64 [N], NaN where missing; or hashes of `words`, uint64 [N]."""
    return hashes(values, column) if pa.types.is_string(values.type) else numbers(values)


def is_key(column: Column, values: pa.ChunkedArray) -> bool:
    """Whether a column numbers or names the rows, so that a copy under another number is a copy all the same.

    It does when hardly a value comes twice and the values are whole numbers with few gaps, or single words. That asks
    less than `schema.values.id_columns`, which tells people to drop a column and so must be sure: copies repeat values,
    and a column that is left out here by mistake only leaves the others to tell copies from coincidences.
    """
    present = values.drop_null()
    if column.type not in (ColumnType.NUMBER, ColumnType.CATEGORY) or not len(present):
        return False
    start = present.slice(0, _FIRST_VALUES)
    if len(start.unique()) < _DISTINCT_SHARE_OF_KEY * len(start):
        return False  # most columns, and cheaply
    distinct = len(present.unique())
    if distinct < _DISTINCT_SHARE_OF_KEY * len(values):
        return False
    if column.type is ColumnType.CATEGORY:
        has_spaces = pc.call_function("match_substring_regex", [present], pc.MatchSubstringOptions(r"\S\s+\S"))
        return not has_spaces.to_numpy().any()
    numbers = present.to_numpy()
    low, high = np.percentile(numbers, _MIDDLE)
    is_dense = high - low <= _LARGEST_RANGE_OF_KEY * np.ptp(_MIDDLE) / 100 * distinct
    return bool(is_dense and (numbers == np.floor(numbers)).all())


def hashes(values: pa.ChunkedArray, as_words_of: Column | None = None) -> NDArray[np.uint64]:
    """A hash of each value, uint64 [N]; equal values have equal hashes, and missing strings have 0.

    Args:
        values: of a column.
        as_words_of: the column, where strings are to be hashed in the form of `words`.
    """
    if not pa.types.is_string(values.type):
        return hashed(numbers(values))
    encoded = pa.concat_arrays(values.chunks).dictionary_encode()
    different = words(as_words_of, encoded.dictionary) if as_words_of else encoded.dictionary
    places = encoded.indices.fill_null(len(different)).to_numpy()
    return np.append(hashed(different.to_numpy(zero_copy_only=False)), np.uint64(0))[places]


def hashed(values: NDArray) -> NDArray[np.uint64]:
    """A hash of each of N numbers or strings, uint64 [N]."""
    return pd.util.hash_array(values, categorize=False)  # pyright: ignore[reportAttributeAccessIssue]  (loaded late)


def weighted(hashes: NDArray[np.uint64], number: int) -> NDArray[np.uint64]:
    """What one column adds to the key of its row: keys are sums (modulo 2^64), so that a column can be taken out again.

    Args:
        hashes: uint64 [N].
        number: of the column, so that equal values in two columns differ.
    """
    # A factor by chance: of regular ones, as of 1, 3, 5, 7, different columns have equal sums.
    factor = np.random.default_rng(number).integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return hashes * factor


def numbers(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers, booleans and dates (in microseconds since 1970) as float64 [N], NaN where missing."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    return values.cast(pa.float64(), safe=False).to_numpy()


def words(column: Column, values: pa.Array) -> pa.Array:
    """Strings in lower case and with single spaces; of free text without punctuation."""
    separators = _SPACES_AND_PUNCTUATION if column.type is ColumnType.TEXT else _SPACES
    lower = pc.call_function("utf8_lower", [values])
    spaced = pc.call_function("replace_substring_regex", [lower], pc.ReplaceSubstringOptions(separators, " "))
    return pc.call_function("utf8_trim_whitespace", [spaced])


def spread(values: NDArray[np.float64]) -> float:
    """How far numbers [N] are spread, robustly: what of a normal distribution is the standard deviation; 1 for none."""
    present = values[np.isfinite(values)]
    if not len(present):
        return 1.0
    low, high = np.percentile(present, [25, 75])
    return float((high - low) / 1.349 or present.std() or 1.0)


def places_of_first(*keys: NDArray) -> NDArray[np.int64]:
    """For each of N items, the place of the first item that is equal in all keys (each [N]), int64 [N]."""
    codes = pd.factorize(keys[0])[0]
    for key in keys[1:]:
        more, uniques = pd.factorize(key)
        codes = pd.factorize(codes * len(uniques) + more)[0]
    first = np.empty(len(codes), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first[codes]
