"""What a baseline believes of each given label: the file that the gate finds wrong labels by.

The model that gave a row's probabilities has never been fitted on that row: training rows are predicted out of
fold, validation and test rows by the final model.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..data.storage import write_atomically

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("split", pa.string()),
        ("box", pa.int32()),
        ("label", pa.string()),
        ("probabilities", pa.list_(pa.float32())),
    ]
)


@dataclass(frozen=True, kw_only=True)
class LabelProbabilities:
    """Columns of equal length N, one row per given label.

    Attributes:
        ids: the item.
        splits: the split the item is in.
        boxes: int32 [N], the box's place in the item's boxes; -1 for the whole item.
        labels: the label as given.
        probabilities: float32 [N, C], in the order of the data set's labels.
    """

    ids: list[str]
    splits: list[str]
    boxes: NDArray[np.int32]
    labels: list[str]
    probabilities: NDArray[np.float32]


def write(path: str | Path, rows: LabelProbabilities) -> None:
    """Writes the rows as parquet, the file whole or not at all."""
    columns = [rows.ids, rows.splits, rows.boxes, rows.labels, list(np.asarray(rows.probabilities, dtype=np.float32))]
    table = pa.Table.from_arrays(
        [pa.array(column, type=each.type) for column, each in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
    with write_atomically(path) as file:
        pq.write_table(table, file)


def read(path: str | Path) -> LabelProbabilities:
    """Reads the rows that `write` wrote."""
    table = pq.read_table(path, schema=_SCHEMA)
    probabilities = table["probabilities"].combine_chunks().flatten().to_numpy()
    width = len(probabilities) // max(len(table), 1)
    return LabelProbabilities(
        ids=table["id"].to_pylist(),
        splits=table["split"].to_pylist(),
        boxes=table["box"].to_numpy(),
        labels=table["label"].to_pylist(),
        probabilities=probabilities.reshape(len(table), width),
    )
