"""From values that a check of a table found to the cases of a finding."""

from collections.abc import Iterator, Sequence

import pandas as pd

from ...data.dataset import Dataset
from ..columns import read_columns
from ..findings import Case, Finding, finding

_MOST_NAMED = 3
# Of what a check finds, one line per value; `row` counts through all splits, training rows first.
COLUMNS = ("row", "column", "value", "detail")


def found_rows(rule: str, data: Dataset, found: Sequence[pd.DataFrame], what: str) -> Iterator[Finding]:
    """Yields the finding of a rule that looks at single values of a table.

    Args:
        rule: its name.
        data: the table.
        found: of `COLUMNS`, the worst first.
        what: the values' fault, such as "are not among the reference's categories".
    """
    rows = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    by_column = rows["column"].value_counts()
    named = [f"{name} ({count:,})" for name, count in by_column.items()][:_MOST_NAMED]
    more = ", ..." if len(by_column) > _MOST_NAMED else ""
    columns = f"{len(by_column):,} column{'s'[: len(by_column) != 1]}"
    message = f"{len(rows):,} value{'s'[: len(rows) != 1]} in {columns} {what}: {', '.join(named)}{more}."
    yield from finding(rule, len(rows), _cases(data, rows) if len(rows) else [], message)


def one_of_each_first(found: pd.DataFrame) -> pd.DataFrame:
    """The same lines, first one of each value, then the second of each: so a few lines show all that there is."""
    return found.assign(nth=found.groupby("value").cumcount()).sort_values("nth", kind="stable").drop(columns="nth")


def _cases(data: Dataset, rows: pd.DataFrame) -> list[Case]:
    items = read_columns(data, ["id"]).take(rows["row"].to_numpy())
    columns = (items["id"].to_pylist(), items["split"].to_pylist(), rows["detail"], rows["column"])
    return [Case(id_, id_, split, detail, column=column) for id_, split, detail, column in zip(*columns, strict=True)]
