"""What all tables share: which columns are read, and how cells become rows for a model."""

import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from ...errors import InputError
from ...models.folder import ColumnsInput
from ...prediction.rows import typed_cells
from ..records import Rows

KEY = "key"


def columns_to_read(columns: Sequence[str], described: ColumnsInput, name: str) -> list[str]:
    """The columns of the model, and the one that names the rows where there is one.

    Args:
        columns: of the table.
        described: the inputs of the model.
        name: of the file.

    Raises:
        InputError: the model has a column that the table has not, or has twice.
    """
    wanted = [column["name"] for column in described["columns"]]
    if absent := [column for column in wanted if column not in columns]:
        raise InputError(
            f"{name} has no column {', '.join(map(repr, absent))}, which the model was trained on, only "
            f"{reprlib.repr(list(columns))}: add it"
        )
    wanted += [KEY] if KEY in columns and KEY not in wanted else []
    if twice := [column for column, count in Counter(columns).items() if count > 1 and column in wanted]:
        raise InputError(f"{name} has several columns named {twice[0]!r}: rename all but one")
    return wanted


def table_rows(
    cells: pa.RecordBatch, places: Sequence[str], faults: Mapping[int, str], described: ColumnsInput
) -> Rows:
    """Rows for the model.

    Args:
        cells: of text, "" where missing; of `columns_to_read`.
        places: where each row stands, such as `table.csv:3`.
        faults: what is wrong with some of them by itself.
        described: the inputs of the model.
    """
    batch, broken = typed_cells(cells, described)
    given = cells[KEY].to_pylist() if KEY in cells.schema.names else [""] * len(places)
    keys = [key or place for key, place in zip(given, places, strict=True)]
    return named_rows(batch, keys, places, {at: str(error) for at, error in broken.items()} | dict(faults))


def named_rows(batch: pa.RecordBatch, keys: Sequence[str], places: Sequence[str], faults: Mapping[int, str]) -> Rows:
    """Rows with their keys, and with faults that say where they are."""
    ids = pa.array(keys, pa.string())
    return Rows(
        batch.append_column("__id__", ids), {at: InputError(f"{places[at]}, {faults[at]}") for at in sorted(faults)}
    )
