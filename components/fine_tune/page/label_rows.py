"""How good a model is at each label, as rows of a table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LabelRow:
    """One label.

    Attributes:
        label: its name.
        count: true boxes or items.
        value: what labels are ranked by, 0..1, drawn as a bar.
        others: further figures by name, 0..1 each; None where one is undefined.
    """

    label: str
    count: int
    value: float
    others: Mapping[str, float | None]


def weakest_first(rows: Iterable[LabelRow]) -> list[LabelRow]:
    """The rows by their value."""
    return sorted(rows, key=lambda row: row.value)
