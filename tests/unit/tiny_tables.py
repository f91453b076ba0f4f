"""Small tables with something to learn in them, as data sets."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Column, ColumnType, Task

COLUMNS = (
    Column("visitor_id", ColumnType.NUMBER),
    Column("Mean radius (mm)", ColumnType.NUMBER),
    Column("opened", ColumnType.DATE),
    Column("city", ColumnType.CATEGORY),
    Column("member", ColumnType.BOOLEAN),
    Column("remark", ColumnType.TEXT),
    Column("country", ColumnType.CATEGORY),
)
SIZES = {"train": 240, "validation": 60, "test": 60}


def visitors(path: Path, task: Task, sizes: Mapping[str, int] = SIZES) -> Dataset:
    """Visitors of shops, every kind of column with values missing; `spends` hangs on the city, the radius and Sundays.

    `visitor_id` and `country` (one value only) have nothing to tell.
    """
    rng = np.random.default_rng(0)
    rows = [_visitor(place, rng) for place in range(sum(sizes.values()))]
    for row in rows:
        spends = 40 * (row["city"] == "Zürich") + 20 * (row["opened"] or _EPOCH).weekday()
        spends += 0 if row["Mean radius (mm)"] is None else 10 * row["Mean radius (mm)"]
        is_regression = task is Task.TABULAR_REGRESSION
        row["spends"] = spends if is_regression else "much" if spends > 90 else "some" if spends > 60 else "little"
    return table_dataset(path, task, [*COLUMNS, label_column(task, "spends")], rows, sizes)


def label_column(task: Task, name: str) -> Column:
    """The column to predict."""
    return Column(name, ColumnType.NUMBER if task is Task.TABULAR_REGRESSION else ColumnType.CATEGORY)


def table_dataset(
    path: Path, task: Task, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], sizes: Mapping[str, int]
) -> Dataset:
    """A data set of rows, the last column being the one to predict; splits take the rows in turn, by `sizes`."""
    rest = list(enumerate(rows, start=2))
    with DatasetWriter(path, task, "table.csv", columns, columns[-1].name) as writer:
        for split, size in sizes.items():
            records = [
                {
                    **row,
                    "__id__": f"table.csv:{line}",
                    "__sha256__": hashlib.sha256(repr(row).encode()).hexdigest(),
                    "__ml_use__": split,
                    "__faults__": [],
                }
                for line, row in rest[:size]
            ]
            rest = rest[size:]
            writer.add_rows(pa.Table.from_pylist(records, row_schema(columns)), split)
    return Dataset.open(path)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _visitor(place: int, rng: np.random.Generator) -> dict[str, Any]:
    day = _EPOCH + timedelta(days=int(rng.integers(-500, 20_000)))
    return {
        "visitor_id": 1000 + place,
        "Mean radius (mm)": None if rng.random() < 0.1 else float(rng.normal(3, 1)),
        "opened": None if rng.random() < 0.1 else day,
        "city": None if rng.random() < 0.1 else str(rng.choice(["Zürich", "Basel", "Chur"])),
        "member": bool(rng.random() < 0.5),
        "remark": f"came on the {place}th visit and left again",
        "country": "CH",
    }
