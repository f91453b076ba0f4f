"""From labelled texts to a dataset: a table with a column of text, whatever they were given as."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.items import ColumnType, Task
from ..data.readers.csv_rows import Row, csv_rows
from ..data.readers.tables import Table, open_table
from ..data.readers.texts import LABEL_COLUMN, open_texts
from .import_table import write_table


def import_text(source: str, output: str | Path, label_column: str, group_column: str) -> dict[str, Any]:
    """Reads labelled texts into a dataset.

    A Parquet file, and a CSV file whose first line names the label column, is a table; all its columns are kept. Any
    other source becomes one with the columns `text` and `label`.

    Args:
        source: table, Vertex AI import file, or folder.
        output: dataset folder to write.
        label_column: what is to be predicted; "" for `label`.
        group_column: of a table: rows of one group fall in one split; "" for no groups.

    Returns:
        The summary of the dataset.

    Raises:
        InputError: there is no usable text.
        OSError: the source cannot be opened.
    """
    label = label_column or LABEL_COLUMN
    table = _with_text_column(open_table(source), label) if _is_table(source, label) else open_texts(source)
    return write_table(table, source, Task.TEXT_CLASSIFICATION, output, label, group_column)


def _is_table(source: str, label_column: str) -> bool:
    suffix = source.lower().rpartition(".")[2]
    if suffix != "csv":
        return suffix == "parquet"
    first = next(csv_rows(source), None)
    # A label column that somebody named is looked for in a header, even where it proves to be misspelt.
    return label_column != LABEL_COLUMN or (isinstance(first, Row) and label_column in first.cells)


def _with_text_column(table: Table, label_column: str) -> Table:
    """Short texts look like categories: a column called `text`, or the only one beside the label, is taken for text."""
    others = [name for name in table.columns if name != label_column and name.strip().lower() != "ml_use"]
    texts = [name for name in others if name.strip().lower() == "text"] or (others if len(others) == 1 else [])
    return replace(table, types=dict.fromkeys(texts, ColumnType.TEXT))
