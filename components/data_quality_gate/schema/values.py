"""Schema and types: columns with most values missing, with one value only, and with a value for each row."""

import re
from collections.abc import Iterator

import numpy as np

from ...data.dataset import Dataset
from ...data.items import Column, ColumnType, Task
from ...reports.formats import number, percent
from ..findings import Case, Finding, counted, finding
from ..rules import RULES
from .profile import ColumnProfile, Profile, numbers

# A column names the rows when nearly all have a value and nearly all values differ; copies of rows do not change that.
_NEARLY_ALL = 0.95
# In fewer rows, measurements can all differ by chance.
_LEAST_ROWS = 30
# Numbers from first to last, some of which are not in the data.
_DENSE = 1.1
# Such as id, user_id, order number, CustomerID.
_NAME = re.compile(r"(^|[\W_])(?i:id|key|no|number|index)$|[a-z](Id|ID|Key|No|Number|Index)$")


def values(data: Dataset, profile: Profile) -> Iterator[Finding]:
    """Yields the findings of `missing_values`, `constant_column` and `id_column`; the label is judged elsewhere."""
    if not profile:
        return
    names = [column.name for column in data.columns if column.name != data.label_column]
    of = f"{len(names):,} columns"
    yield from _missing(profile, names)
    yield from counted("constant_column", [_case(name, why) for name, why in _constants(profile, names)], of)
    yield from counted("id_column", [_case(name, why) for name, why in id_columns(data, profile).items()], of)


def id_columns(data: Dataset, profile: Profile) -> dict[str, str]:
    """Columns that tell the rows of the training split apart and nothing more, with the reason in words."""
    train = profile["train"]
    others = (data.label_column, data.time_column, data.series_column)
    reasons = {each.name: _id_reason(data, each, train[each.name]) for each in data.columns if each.name not in others}
    return {name: reason for name, reason in reasons.items() if reason}


def _missing(profile: Profile, names: list[str]) -> list[Finding]:
    shares = {}
    for name in names:
        parts = [columns[name] for columns in profile.values()]
        shares[name] = sum(part.missing for part in parts) / max(sum(part.rows for part in parts), 1)
    limit = RULES["missing_values"].threshold
    worst = sorted((name for name in names if shares[name] > limit), key=lambda name: -shares[name])
    cases = [_case(name, f"{percent(shares[name])} of the rows have no value") for name in worst]
    have = "has" if len(worst) == 1 else "have"
    message = f"{len(worst):,} of {len(names):,} columns {have} no value in more than {percent(limit)} of the rows."
    return finding("missing_values", max(shares.values(), default=0.0), cases, message)


def _constants(profile: Profile, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yields each column whose training rows all hold one value. One value or none is two: that may say something."""
    for name in names:
        column = profile["train"][name]
        if column.rows > 1 and column.distinct == 1 and not column.missing:
            other = number(column.low) if column.type is ColumnType.NUMBER else "one value"
            value = next(iter(column.categories), other)
            yield name, f"{value} in all {column.rows:,} rows of train"


def _id_reason(data: Dataset, column: Column, train: ColumnProfile) -> str:
    """Why a column is an id; "" where it is none. Measurements differ too, texts and dates are no ids."""
    if train.rows < _LEAST_ROWS or train.distinct < _NEARLY_ALL * train.rows:
        return ""
    told = f"{train.distinct:,} different values in {train.rows:,} rows of train"
    if column.type is ColumnType.CATEGORY:
        return told
    # In a forecast, counts grow with time.
    if column.type is not ColumnType.NUMBER or data.task is Task.TABULAR_FORECASTING:
        return ""
    x = numbers(data.table("train", columns=[column.name])[column.name].drop_null(), column.type)
    if (x % 1).any():
        return ""
    if np.mean(np.diff(x) > 0) >= _NEARLY_ALL:
        return f"{told}, ascending"
    if np.ptp(x) < _DENSE * sum(data.counts.values()):
        return f"{told}, without gaps"
    return f"{told}, and called so" if _NAME.search(column.name) else ""


def _case(column: str, detail: str) -> Case:
    return Case("", "", "", detail, column=column)
