"""Tables for the service: CSV files with names and values as it takes them.

https://cloud.google.com/vertex-ai/docs/tabular-data/classification-regression/prepare-data
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ...data import storage
from ...data.dataset import Dataset
from ...data.items import SPLITS, ColumnType
from ...errors import InputError
from ...models.columns import input_column, signature_names
from ...models.feature_transforms import FeatureTransform
from .material import ML_USE, ROW_COLUMN, SPLIT_COLUMN, Material, item_ids

# The service's words for what it makes of columns.
TRANSFORMATIONS = {
    ColumnType.NUMBER: "numeric",
    ColumnType.DATE: "timestamp",
    ColumnType.CATEGORY: "categorical",
    ColumnType.BOOLEAN: "categorical",
    ColumnType.TEXT: "text",
}
# Without this, a row with a missing value would not be trained on.
_KEEP_ROWS = {"numeric": {"invalid_values_allowed": True}, "timestamp": {"invalid_values_allowed": True}}


def service_names(dataset: Dataset) -> dict[str, str]:
    """The columns' names on the service, which takes letters, digits and underscores, by the user's own names.

    Raises:
        InputError: a column would go by the name of one of ours.
    """
    names = signature_names([input_column(column) for column in dataset.columns])
    for name, on_service in names.items():
        if on_service.startswith("graduate_"):
            raise InputError(f"{dataset.path}: rename the column {name!r}, graduate needs that name for itself.")
    return names


def transformations(dataset: Dataset, transforms: Iterable[FeatureTransform]) -> list[dict[str, dict[str, Any]]]:
    """What the service makes of each column: those that have something to tell, by their types.

    Args:
        dataset: with the columns.
        transforms: of these, as decided here; a dropped column is not trained on.

    Raises:
        InputError: no column is left.
    """
    names = service_names(dataset)
    used = [each for each in transforms if each.transform != "dropped"]
    if not used:
        raise InputError(f"{dataset.path}: no column has anything to tell of {dataset.label_column!r}.")
    words = {each.column: TRANSFORMATIONS[each.type] for each in used}
    return [{word: {"column_name": names[column], **_KEEP_ROWS.get(word, {})}} for column, word in words.items()]


def upload_table(dataset: Dataset, folder: str) -> Material:
    """Uploads the labelled rows with their splits, and the rows of the validation and the test split to predict.

    What is there from an earlier run is not uploaded again.

    Args:
        dataset: a table.
        folder: gs:// URI, of this data alone.
    """
    training, to_predict = f"{folder}/rows.csv", f"{folder}/to_predict.csv"
    upload_csv(training, (_labelled(dataset, split) for split in SPLITS))
    upload_csv(to_predict, (_to_predict(dataset, split) for split in ("validation", "test")))
    return Material(training, (to_predict,), "csv", row_ids(dataset))


def row_ids(dataset: Dataset) -> Callable[[Mapping[str, Any]], str | None]:
    """Finds the id of the row that a prediction repeats."""
    ids = {
        _row_key(split, number): identity
        for split in ("validation", "test")
        for number, identity in enumerate(item_ids(dataset, split))
    }
    return lambda instance: ids.get(instance.get(ROW_COLUMN, ""))


def upload_csv(uri: str, tables: Iterable[pa.Table]) -> None:
    """Writes tables of one schema to a CSV file in the bucket, unless it is there."""
    if storage.exists(uri):
        return
    with tempfile.TemporaryDirectory() as room:
        file = Path(room) / "rows.csv"
        writer = None
        for table in tables:
            writer = writer or csv.CSVWriter(file, table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
        print(f"upload: {uri}, {file.stat().st_size / 1e6:,.1f} MB", flush=True)
        storage.upload(file, uri)


def rows_for_service(dataset: Dataset, split: str) -> pa.Table:
    """The rows of a split under the service's names, all values as text, and in `ROW_COLUMN` which row it is."""
    rows, names = dataset.table(split), service_names(dataset)
    columns = {names[column.name]: _text(rows[column.name]) for column in dataset.columns}
    return pa.table({**columns, ROW_COLUMN: pa.array([_row_key(split, number) for number in range(len(rows))])})


def with_split(rows: pa.Table, split: str) -> pa.Table:
    """The rows with the service's word for their split."""
    return rows.append_column(SPLIT_COLUMN, pa.array([ML_USE[split]] * len(rows), pa.string()))


def _labelled(dataset: Dataset, split: str) -> pa.Table:
    rows = rows_for_service(dataset, split)
    rows = rows.filter(rows[service_names(dataset)[dataset.label_column]].is_valid())
    return with_split(rows.drop_columns([ROW_COLUMN]), split)


def _to_predict(dataset: Dataset, split: str) -> pa.Table:
    return rows_for_service(dataset, split).drop_columns([service_names(dataset)[dataset.label_column]])


def _row_key(split: str, number: int) -> str:
    """A row by its place: unlike its id it stays when the file that it came from is renamed."""
    return f"{split}-{number}"


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as the service reads them: times by RFC 3339, numbers without a trailing .0; missing stays missing."""
    if pa.types.is_timestamp(values.type):
        return pc.call_function("strftime", [values], pc.StrftimeOptions("%Y-%m-%dT%H:%M:%SZ"))
    return values.cast(pa.string())
