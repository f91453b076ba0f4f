"""Images and table rows read alike: by column, all splits in one table."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..data.dataset import Dataset
from ..data.items import SPLITS

# Where a table row keeps what an image item has under its own name: its id is its place in the source.
_ROW_NAMES = {"id": "__id__", "source": "__id__", "sha256": "__sha256__", "faults": "__faults__"}


def read_columns(data: Dataset, names: Sequence[str]) -> pa.Table:
    """Columns of all items, training items first.

    Args:
        data: the data set.
        names: of `IMAGE_SCHEMA`; for a table those among id, source, sha256 and faults.

    Returns:
        A table with these columns and `split`.
    """
    stored = [name if data.task.is_image else _ROW_NAMES[name] for name in names]
    parts = []
    for split in SPLITS:
        table = data.table(split, columns=list(dict.fromkeys(stored)))
        columns = [*(table[name] for name in stored), pa.array([split] * len(table), pa.string())]
        parts.append(pa.Table.from_arrays(columns, names=[*names, "split"]))
    return pa.concat_tables(parts)


def all_values(data: Dataset, name: str) -> pa.ChunkedArray:
    """A column of a table, of all splits, training rows first."""
    return pa.concat_tables(data.table(split, columns=[name]) for split in SPLITS)[name]


def sources(data: Dataset, ids: Iterable[str]) -> dict[str, str]:
    """File and line of each of these items."""
    table = read_columns(data, ["id", "source"])
    found = table.filter(pc.field("id").isin(pa.array(set(ids), pa.string())))
    return dict(zip(found["id"].to_pylist(), found["source"].to_pylist(), strict=True))
