"""What the columns of a table hold, one split at a time: profile.json of a verdict, and the reference of later runs."""

from dataclasses import dataclass, field

from ...data.items import ColumnType


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column in one split.

    Attributes:
        name: of the column.
        type: of its values.
        rows: of the split.
        missing: rows without a value.
        distinct: different values; counted exactly up to a limit that the module names, and that limit beyond.
        low: the least number, or the earliest date in seconds since 1970; None without one.
        high: the greatest.
        edges: N + 1 edges of a histogram of the numbers or dates, ascending; the same in all splits.
        counts: N counts of values in it.
        categories: the commonest values of categories and booleans with their counts, the commonest first.
    """

    name: str
    type: ColumnType
    rows: int
    missing: int
    distinct: int
    low: float | None = None
    high: float | None = None
    edges: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    categories: dict[str, int] = field(default_factory=dict)


# Column profiles by split and column name.
Profile = dict[str, dict[str, ColumnProfile]]
