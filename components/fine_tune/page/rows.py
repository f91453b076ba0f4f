"""The rows of a table that a model answers worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ...data.dataset import Dataset
from ...reports.formats import number

MAX_COLUMNS = 8


@dataclass(frozen=True)
class RowTable:
    """Rows of the test split: `columns` are the first ones of the data, `rows` hold id, true, predicted and these."""

    columns: list[str]
    rows: list[list[str]]


def row_table(dataset: Dataset, answers: Mapping[str, Sequence[str]]) -> RowTable:
    """The rows of a table.

    Args:
        dataset: of a table.
        answers: the true and the predicted answer in words by row id, in the order of the rows to show.
    """
    columns = [column.name for column in dataset.columns if column.name != dataset.label_column][:MAX_COLUMNS]
    table = dataset.table("test", ["__id__", *columns])
    chosen = pc.SetLookupOptions(pa.array(list(answers), pa.string()))
    rows = table.filter(pc.call_function("is_in", [table["__id__"]], chosen)).to_pylist()
    values = {row["__id__"]: [_in_words(row[column]) for column in columns] for row in rows}
    return RowTable(columns, [[identity, *words, *values[identity]] for identity, words in answers.items()])


def _in_words(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return "–" if value is None else str(value)
