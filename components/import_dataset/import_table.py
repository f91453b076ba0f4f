"""From a table to a dataset: types, faults and splits of its rows."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.columns import TypeInference, convert
from ..data.dataset import DatasetWriter, row_schema
from ..data.items import SPLITS, Column, ColumnType, Fault, Reject, Task
from ..data.progress import Progress
from ..data.readers.tables import Chunk, Table, open_table
from ..data.splits import hashed_split, named_split
from ..errors import InputError
from .usable import check_usable


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are for; "" where there is no such column."""

    label: str
    group: str
    ml_use: str


def import_table(source: str, task: Task, output: str | Path, label_column: str, group_column: str) -> dict[str, Any]:
    """Reads a table twice: to infer the types of its columns, and to write it with them.

    Args:
        source: of the table, `.csv` or `.parquet`.
        task: a tabular task.
        output: dataset folder to write.
        label_column: what is to be predicted.
        group_column: rows of one group fall in one split; "" for no groups.

    Returns:
        The summary of the dataset.

    Raises:
        InputError: the table cannot be used for the task.
        OSError: it cannot be opened.
    """
    return write_table(open_table(source), source, task, output, label_column, group_column)


def write_table(
    table: Table, source: str, task: Task, output: str | Path, label_column: str, group_column: str
) -> dict[str, Any]:
    """Writes a table that is open already (otherwise as `import_table`)."""
    roles = find_roles(table, label_column=label_column, group_column=group_column)
    columns, rows = infer_columns(table, roles, task)
    progress = Progress("import", "rows", rows)
    with DatasetWriter(output, task, source, columns, label_column) as writer:
        for chunk in table.chunks():
            if isinstance(chunk, Reject):
                writer.reject(chunk)
            else:
                _write_chunk(writer, chunk, table.name, columns, roles)
                progress.advance(len(chunk.lines))
        check_usable(writer, table.name, task)
    progress.finish()
    return writer.summary


def find_roles(table: Table, *, label_column: str, **other_columns: str) -> Roles:
    """The columns' roles, after the check that the table has the columns that are named for them.

    Args:
        table: that is read.
        label_column: what is to be predicted.
        other_columns: names by role, such as `group_column`; "" where there is no such column.

    Raises:
        InputError: no label column is named, or a named column is absent.
    """
    ml_use = next((name for name in table.columns if name.strip().lower() == "ml_use"), "")
    names = [name for name in table.columns if name != ml_use]
    if not label_column:
        raise InputError(f"label_column is not given: name the column of {table.name} to predict: {', '.join(names)}.")
    for role, wanted in {"label_column": label_column, **other_columns}.items():
        if wanted and wanted not in names:
            near = get_close_matches(wanted, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}."
            raise InputError(f"{table.name} has no column {wanted!r} for {role}: {hint}")
    return Roles(label_column, other_columns.get("group_column", ""), ml_use)


def infer_columns(table: Table, roles: Roles, task: Task) -> tuple[list[Column], int]:
    """The columns with their types, and the number of rows; 0 where no type had to be inferred."""
    names = [name for name in table.columns if name != roles.ml_use]
    if table.types.keys() == set(names):
        return [Column(name, table.types[name]) for name in names], 0
    inferences = {name: TypeInference() for name in names}
    rows = 0
    progress = Progress("infer types", "rows")
    for chunk in table.chunks():
        if isinstance(chunk, Chunk):
            rows += len(chunk.lines)
            progress.advance(len(chunk.lines))
            for name, inference in inferences.items():
                inference.add(chunk.cells[name])
    types = {name: inference.type for name, inference in inferences.items()} | {**table.types}
    if not task.predicts_numbers:
        types[roles.label] = ColumnType.CATEGORY
    if rows:
        _check_types(types, table.name, roles.label, task)
    return [Column(name, type_) for name, type_ in types.items()], rows


def _check_types(types: dict[str, ColumnType], table_name: str, label_column: str, task: Task) -> None:
    if task.predicts_numbers and types[label_column] != ColumnType.NUMBER:
        raise InputError(
            f"column {label_column!r} of {table_name} holds {types[label_column]} values, and {task} predicts numbers: "
            "name a column of numbers, or use tabular_classification."
        )
    if task is Task.TEXT_CLASSIFICATION and ColumnType.TEXT not in types.values():
        raise InputError(f"{table_name} has no column of text: call it `text`, or use tabular_classification.")


def _write_chunk(writer: DatasetWriter, chunk: Chunk, name: str, columns: list[Column], roles: Roles) -> None:
    rows, cells = typed_chunk(chunk, name, columns, roles, writer.reject)
    ml_use, digests = rows["__ml_use__"].to_pylist(), rows["__sha256__"].to_pylist()
    splits = _splits(ml_use, cells[roles.group].to_pylist() if roles.group else digests, digests)
    for split in SPLITS:
        writer.add_rows(rows.filter(pa.array(splits == split)), split)


def typed_chunk(
    chunk: Chunk, name: str, columns: list[Column], roles: Roles, reject: Callable[[Reject], None]
) -> tuple[pa.Table, pa.RecordBatch]:
    """The rows of a chunk in the form that a dataset keeps (`row_schema`), and their cells as text.

    Args:
        chunk: of the table.
        name: of the table.
        columns: of the table, with their types.
        roles: of the columns.
        reject: is called with each row that cannot be used.
    """
    cells = chunk.cells
    ids = np.array([f"{name}:{line}" for line in chunk.lines])
    words = cells[roles.ml_use].to_pylist() if roles.ml_use else [""] * len(ids)
    ml_use = np.array([named_split(word) for word in words])
    is_known = np.array([split is not None for split in ml_use])
    for row in np.flatnonzero(~is_known):
        detail = f"{roles.ml_use} is {words[row]!r}, none of train, validation, test"
        reject(Reject(ids[row], "", "bad_row", detail))
    cells, ids, ml_use = cells.filter(pa.array(is_known)), ids[is_known], ml_use[is_known]
    rows, faults = _typed_rows(cells, columns, roles.label)
    rows |= {"__id__": ids, "__sha256__": _digests(cells, columns), "__ml_use__": ml_use, "__faults__": faults}
    return pa.table(rows, row_schema(columns)), cells


def _typed_rows(
    cells: pa.RecordBatch, columns: list[Column], label_column: str
) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    """The values of the columns, and the faults of each row."""
    values: dict[str, Any] = {}
    faults: list[list[dict[str, Any]]] = [[] for _ in range(cells.num_rows)]
    for column in columns:
        values[column.name], breaks = convert(cells[column.name], column.type)
        for row in np.flatnonzero(breaks):
            detail = f"{column.name}: {cells[column.name][row].as_py()[:80]!r} is not a {column.type}"
            faults[row].append(asdict(Fault("type_break", detail)))
    for row in np.flatnonzero(np.asarray(values[label_column].is_null())):
        faults[row].append(asdict(Fault("label_missing", f"{label_column} is missing")))
    return values, faults


def _digests(cells: pa.RecordBatch, columns: list[Column]) -> list[str]:
    """SHA-256 of the cells of each row."""
    rows = zip(*(cells[column.name].to_pylist() for column in columns), strict=True)
    return [hashlib.sha256(json.dumps(row, ensure_ascii=False).encode()).hexdigest() for row in rows]


def _splits(ml_use: Iterable[str], groups: Iterable[str], digests: Iterable[str]) -> np.ndarray:
    """The split of each row: as given, or by its group, or by its cells where it has no group."""
    rows = zip(ml_use, groups, digests, strict=True)
    return np.array([given or hashed_split(group or digest) for given, group, digest in rows])
