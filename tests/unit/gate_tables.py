"""Data frames as data sets, for the gate's tests of tables."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.datasets import load_breast_cancer

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Column, ColumnType, Task


def shipped(load: Callable[..., Any]) -> pd.DataFrame:
    """A table that scikit-learn ships, with the target as `label`: words for classes, or numbers."""
    table = load(as_frame=True)
    names = getattr(table, "target_names", None)
    return table.data.assign(label=table.target if names is None else np.array(names)[table.target].astype(str))


def tumours() -> pd.DataFrame:
    """569 tumours in ten numbers; `label` says malignant or benign."""
    table = shipped(load_breast_cancer)
    return table.drop(columns=list(table.columns[10:-1]))


def frame_dataset(path: Path, frame: pd.DataFrame, task: Task, sizes: Mapping[str, int] | None = None) -> Dataset:
    """The data set of a frame with `label`, in its order; 70 % train and 10 % validation where no sizes are given."""
    count = len(frame)
    sizes = sizes or {"train": int(0.7 * count), "validation": int(0.1 * count), "test": count}
    columns = [Column(str(name), _type(pd.Series(frame[name]), str(name), task)) for name in frame.columns]
    schema, start = row_schema(columns), 0
    rows = frame.assign(
        __id__=[f"table.csv:{line}" for line in range(2, count + 2)],
        __sha256__=[hashlib.sha256(repr(row).encode()).hexdigest() for row in frame.itertuples()],
        __ml_use__="",
        __faults__=[[] for _ in range(count)],
    )
    table = pa.Table.from_pandas(rows, schema, preserve_index=False)
    with DatasetWriter(path, task, "table.csv", columns, "label") as writer:
        for split, size in sizes.items():
            writer.add_rows(table.slice(start, size), split)
            start += size
    return Dataset.open(path)


def _type(values: pd.Series, name: str, task: Task) -> ColumnType:
    if name == "label" and not task.predicts_numbers:
        return ColumnType.CATEGORY
    if pd.api.types.is_bool_dtype(values):
        return ColumnType.BOOLEAN
    if pd.api.types.is_numeric_dtype(values):
        return ColumnType.NUMBER
    if pd.api.types.is_datetime64_any_dtype(values):
        return ColumnType.DATE
    words = values.dropna().astype(str).str.count(" ").mean()
    return ColumnType.TEXT if words >= 2 else ColumnType.CATEGORY
