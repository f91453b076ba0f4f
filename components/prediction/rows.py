"""Rows as people write them (JSON values, text of CSV) to rows as a model takes them. (stub: INPUTS)"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..errors import InputError
from ..models.folder import ColumnsInput


def typed_rows(
    rows: Sequence[Mapping[str, Any]], described: ColumnsInput
) -> tuple[pa.RecordBatch, dict[int, InputError]]:
    """A batch of the model's column types; bad rows by their place, each with what is wrong (null in the batch)."""
    raise NotImplementedError
