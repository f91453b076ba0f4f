"""Rows of a table as texts, for the worst cases of a finding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ...data.dataset import Dataset
from ...data.items import SPLITS, ColumnType
from ..findings import Case, Finding, ids_by_split
from .names import short

MOST_ROWS_PER_FINDING = 10
MOST_COLUMNS = 12
_LONGEST_CELL, _LONGEST_TEXT = 60, 300


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of the page: where it is, what was found (None of the twin above a case), and its cells as texts."""

    place: str
    found: str | None
    marked: str
    cells: Sequence[str]


def shown_columns(data: Dataset, finding: Finding) -> list[str]:
    """The columns to show: the label, those that the finding is about, and others as far as there is room."""
    about = {case.column for case in finding.cases[:MOST_ROWS_PER_FINDING]}
    names = [column.name for column in data.columns]
    return sorted(names, key=lambda name: (name != data.label_column, name not in about))[:MOST_COLUMNS]


def shown_rows(data: Dataset, findings: Sequence[Finding]) -> dict[str, list[ShownRow]]:
    """The rows of the worst cases of each finding, by rule; a case that repeats a row comes after that row."""
    worst = {each.rule: [case for case in each.cases[:MOST_ROWS_PER_FINDING] if case.id] for each in findings}
    columns = {each.rule: shown_columns(data, each) for each in findings}
    names = {name for shown in columns.values() for name in shown}
    records = _records(data, sorted(names), (case for cases in worst.values() for case in cases))
    types = {column.name: column.type for column in data.columns}

    def rows(rule: str) -> Iterable[ShownRow]:
        for case in worst[rule]:
            twin = [(*case.twin, None)] if case.twin else []
            for split, identity, found in (*twin, (case.split, case.id, case.detail)):
                if record := records.get((split, identity)):
                    cells = [_text(record[name], types[name]) for name in columns[rule]]
                    yield ShownRow(identity, found, case.column, cells)

    return {rule: list(rows(rule)) for rule in worst}


def _records(data: Dataset, names: Sequence[str], cases: Iterable[Case]) -> dict[tuple[str, str], dict[str, object]]:
    """These rows and their twins, by split and id."""
    wanted = ids_by_split(cases)
    return {
        (split, row["__id__"]): row
        for split in SPLITS
        if split in wanted
        for batch in data.batches(split, columns=["__id__", *names])
        for row in batch.filter(pc.field("__id__").isin(pa.array(wanted[split], pa.string()))).to_pylist()
    }


def _text(value: object, of: ColumnType) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else f"{value:.10g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
    return short(str(value), _LONGEST_TEXT if of is ColumnType.TEXT else _LONGEST_CELL)
