"""Schema and types: columns that would be numbers or dates, were it not for some of their values."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from ...data.columns import convert
from ...data.dataset import Dataset
from ...data.items import ColumnType
from ...reports.formats import percent
from ..columns import all_values
from ..findings import Finding
from .row_cases import found_rows, one_of_each_first

# From 95 % on, the importer takes a column for one of the type; codes such as tickets, of which most are numbers, are
# common below this.
_LEAST_SHARE = 0.8
_TYPES = (ColumnType.NUMBER, ColumnType.DATE)


def mixed_types(data: Dataset) -> Iterator[Finding]:
    """Yields the finding of `mixed_types`."""
    names = [each.name for each in data.columns if each.type is ColumnType.CATEGORY and each.name != data.label_column]
    found = [_others(data, name) for name in names]
    yield from found_rows("mixed_types", data, [each for each in found if len(each)], "are unlike the rest of theirs")


def _others(data: Dataset, name: str) -> pd.DataFrame:
    """The values of a column that are not of the type that most are of; none where there is no such type."""
    encoded = all_values(data, name).combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
    counts = np.bincount(codes, minlength=len(encoded.dictionary) + 1)[:-1]
    for type_ in _TYPES:
        is_of_type = convert(encoded.dictionary, type_)[0].is_valid().to_numpy(zero_copy_only=False)
        share = counts[is_of_type].sum() / max(counts.sum(), 1)
        if _LEAST_SHARE <= share < 1:
            rows = np.flatnonzero(~np.append(is_of_type, True)[codes])
            values = encoded.dictionary.take(pa.array(codes[rows])).to_pylist()
            details = [f"{value!r} is no {type_}, as {percent(share)} of the values are" for value in values]
            return one_of_each_first(pd.DataFrame({"row": rows, "column": name, "value": values, "detail": details}))
    return pd.DataFrame()
