"""Schema and types: categories and numbers that the reference does not have."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pandera.pandas as pandera
from pandera.errors import SchemaErrors

from ...data.dataset import Dataset
from ...data.items import ColumnType
from ...reports.formats import number
from ..columns import all_values
from ..findings import Finding
from .profile import ColumnProfile, Profile, numbers
from .ranges import Limits, limits_of_profile, limits_of_values
from .row_cases import found_rows, one_of_each_first

# How often rare categories may all fall outside the training split by chance before they count as new.
_CHANCE = 0.001
# The share of categories that were met once estimates that of categories which were not met yet
# (Good 1953, https://doi.org/10.1093/biomet/40.3-4.237); up to this, a new one is remarkable.
_MOST_UNSEEN = 0.01


def new_values(data: Dataset, profile: Profile, reference: Profile | None) -> Iterator[Finding]:
    """Yields the findings of `new_category` and `range_break`.

    Without a reference, the training split is one for the others: a category must be too frequent there to be missing
    from it by chance; and numbers, also the training split's own, must be far from the rest of it.
    """
    categories, ranges = [], []
    for column in data.columns:
        earlier = _pooled(reference, column.name) if reference else None
        if reference and (not earlier or earlier.type is not column.type):
            continue
        if column.type is ColumnType.CATEGORY:
            known = earlier or profile["train"][column.name]
            categories.append(_new_categories(data, known, only_later=reference is None))
        elif column.type is ColumnType.NUMBER:
            values = numbers(all_values(data, column.name), column.type)
            ranges.append(_beyond(column.name, values, limits_of_profile(earlier) if earlier else _own(data, values)))
    who = "the reference" if reference else "the training split"
    yield from found_rows("new_category", data, _worst_first(categories), f"are of categories that {who} does not have")
    yield from found_rows("range_break", data, _worst_first(ranges), f"are far from those of {who}")


def _pooled(reference: Profile, name: str) -> ColumnProfile | None:
    """A column of the reference, its splits taken together; None where it does not have the column."""
    train = reference["train"].get(name)
    if train is None:
        return None
    parts = [columns[name] for columns in reference.values() if name in columns]
    categories = sum((Counter(part.categories) for part in parts), Counter())
    return replace(
        train,
        rows=sum(part.rows for part in parts),
        missing=sum(part.missing for part in parts),
        low=min((part.low for part in parts if part.low is not None), default=None),
        high=max((part.high for part in parts if part.high is not None), default=None),
        categories=dict(categories),
        distinct=len(categories) if all(part.lists_all_categories for part in parts) else train.distinct,
    )


def _own(data: Dataset, values: np.ndarray) -> Limits | None:
    """Limits that the training values, the first, set themselves and the others."""
    train = values[: data.counts["train"]]
    return limits_of_values(train[~np.isnan(train)])


def _new_categories(data: Dataset, known: ColumnProfile, only_later: bool) -> pd.DataFrame:
    """The values of categories that are not known; none where by nature there are more than are known."""
    singles = sum(count == 1 for count in known.categories.values())
    if not known.lists_all_categories or singles >= _MOST_UNSEEN * known.present:
        return pd.DataFrame()
    values = all_values(data, known.name).to_pandas()
    failing = _failing(values, pandera.Check.isin(list(known.categories)))
    if only_later and len(failing):
        share = 1 - data.counts["train"] / len(values)
        counts = failing.map(failing.value_counts())
        failing = failing.loc[share**counts * values.nunique() < _CHANCE]
    details = [f"{value!r} is new among {len(known.categories):,} categories" for value in failing]
    found = pd.DataFrame({"row": failing.index, "column": known.name, "value": failing.to_list(), "detail": details})
    return one_of_each_first(found)


def _beyond(name: str, values: np.ndarray, limits: Limits | None) -> pd.DataFrame:
    """The values outside of the limits, the farthest first."""
    if limits is None:
        return pd.DataFrame()
    low, high = limits
    failing = _failing(pd.Series(values), pandera.Check.in_range(low, high))
    x = failing.to_numpy(float)
    details = [f"{number(v)} is {f'above {number(high)}' if v > high else f'below {number(low)}'}" for v in x.tolist()]
    found = pd.DataFrame({"row": failing.index, "column": name, "value": x, "detail": details})
    return found.iloc[np.argsort(-np.maximum(x - high, low - x), kind="stable")]


def _failing(values: pd.Series, check: pandera.Check) -> pd.Series:
    """The values that fail a check, by row; missing ones pass."""
    try:
        pandera.SeriesSchema(checks=check, nullable=True).validate(values, lazy=True)
    except SchemaErrors as failures:
        cases = failures.failure_cases
        return pd.Series(cases["failure_case"].to_numpy(), index=cases["index"].to_numpy(int))
    return values.iloc[:0]


def _worst_first(found: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """By column, that with the most rows first."""
    return sorted((each for each in found if len(each)), key=lambda each: -len(each))
