"""Rows of a data set as a model takes them."""

from collections.abc import Iterator, Sequence
from itertools import chain

import pyarrow as pa

from ..data.dataset import Dataset
from .folder import ColumnsInput, SeriesInput
from .series_windows import series_batches


def model_rows(
    dataset: Dataset, splits: Sequence[str], described: ColumnsInput | SeriesInput, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yields what `OnnxRunner.predict_rows` takes, with each row's `__id__`.

    Args:
        dataset: of a table.
        splits: one after the other.
        described: the inputs of the model.
        rows: the most in a batch.

    Raises:
        InputError: the data set is not one that the model takes.
    """
    if described["kind"] == "series":
        return series_batches(dataset, splits, described, rows)
    columns = [*(column["name"] for column in described["columns"]), "__id__"]
    return chain.from_iterable(dataset.batches(split, columns, rows) for split in splits)
