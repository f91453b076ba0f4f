"""The dataset artifact: one folder format that every step reads.

    dataset.json                               summary: task, labels, columns, counts, faults, digests; written last
    items/train.parquet, validation..., test   the items of each split, in the order of the source
    rejects.jsonl                              what could not be read, with the reason

Image items are rows of `IMAGE_SCHEMA`. Rows of a table keep the user's columns under their own names (number: float64,
category and text: string, date: timestamp in UTC, boolean: bool; missing: null) beside the columns of `ROW_FIELDS`.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from .items import SPLITS, Box, Column, ColumnType, Fault, Item, Reject, Task, TimeAxis
from .storage import write_atomically

FORMAT = 1

_BOXES = pa.list_(
    pa.struct([("label", pa.string()), *((edge, pa.float64()) for edge in ("xmin", "ymin", "xmax", "ymax"))])
)
_FAULTS = pa.list_(pa.struct([("rule", pa.string()), ("detail", pa.string()), ("box", pa.int32())]))

IMAGE_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "uri", "source", "sha256", "ml_use")),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("phash", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("boxes", _BOXES),
        ("faults", _FAULTS),
    ]
)
ROW_FIELDS = pa.schema(
    [
        ("__id__", pa.string()),
        ("__sha256__", pa.string()),
        ("__ml_use__", pa.string()),
        ("__faults__", _FAULTS),
    ]
)
_ARROW_TYPES = {
    ColumnType.NUMBER: pa.float64(),
    ColumnType.CATEGORY: pa.string(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.timestamp("us", tz="UTC"),
    ColumnType.BOOLEAN: pa.bool_(),
}
_ITEMS_PER_ROW_GROUP = 1024
_NO_TIME = TimeAxis()


def row_schema(columns: Sequence[Column]) -> pa.Schema:
    """Schema of the rows of a table with these columns."""
    return pa.schema([*((column.name, _ARROW_TYPES[column.type]) for column in columns), *ROW_FIELDS])


class Dataset:
    """A dataset folder, open for reading.

    Attributes:
        path: the folder.
        summary: content of dataset.json.
        task: what is to be predicted.
        labels: names of the classes, sorted; empty for regression.
        is_multi_label: whether some image of a classification has several labels. Then each label of each image is a
            question of its own, and a label that an image with labels does not have is answered with no. An image
            without any label was not looked at: it says nothing.
        label_column: of a table, otherwise "".
        columns: of a table, the label column among them; otherwise empty.
        time_column, series_column, horizon, period: of a table of time series, see `TimeAxis`; otherwise "" and 0.
        counts: items in each split.
        digests: SHA-256 of each split's items and labels, in order.
    """

    def __init__(self, path: Path, summary: dict[str, Any]) -> None:
        self.path = path
        self.summary = summary
        self.task = Task(summary["task"])
        self.labels: list[str] = summary["labels"]
        self.label_column: str = summary["label_column"]
        self.columns = [Column(column["name"], ColumnType(column["type"])) for column in summary["columns"]]
        # A dataset that was written before there were these does not have them.
        self.is_multi_label: bool = summary.get("multi_label", False)
        self.time_column: str = summary.get("time_column", "")
        self.series_column: str = summary.get("series_column", "")
        self.horizon: int = summary.get("horizon", 0)
        self.period: str = summary.get("period", "")
        self.counts: dict[str, int] = summary["counts"]
        self.digests: dict[str, str] = summary["digests"]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Opens a dataset folder.

        Raises:
            InputError: it is not one, or of another format.
        """
        path = Path(path)
        try:
            summary = json.loads((path / "dataset.json").read_text())
        except (OSError, ValueError):
            raise InputError(f"{path} is not a dataset folder: give the one that import_dataset wrote.") from None
        if summary.get("format") != FORMAT:
            raise InputError(f"{path} has dataset format {summary.get('format')}, not {FORMAT}: import the data again.")
        return cls(path, summary)

    def items(self, split: str) -> Iterator[Item]:
        """Yields the items of an image dataset's split, in the order of the source."""
        for batch in self.batches(split, rows=_ITEMS_PER_ROW_GROUP):
            for row in batch.to_pylist():
                row["boxes"] = [Box(**box) for box in row["boxes"]]
                row["faults"] = [Fault(**fault) for fault in row["faults"]]
                yield Item(**row)

    def table(self, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of a split (or some of the columns of it) in memory."""
        return pq.read_table(self._file(split), columns=None if columns is None else list(columns))

    def batches(self, split: str, columns: Sequence[str] | None = None, rows: int = 65536) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a split, at most `rows` at a time."""
        with pq.ParquetFile(self._file(split)) as file:
            yield from file.iter_batches(rows, columns=None if columns is None else list(columns))

    def rejects(self) -> Iterator[Reject]:
        """Yields what could not be read."""
        with open(self.path / "rejects.jsonl", encoding="utf-8") as lines:
            for line in lines:
                yield Reject(**json.loads(line))

    def _file(self, split: str) -> Path:
        if split not in SPLITS:
            raise ValueError(f"no split {split!r}: there are {', '.join(SPLITS)}")
        return self.path / "items" / f"{split}.parquet"


class DatasetWriter:
    """Writes a dataset folder as a stream; use it as a context manager, after which `summary` is what it holds.

    The dataset is there when the block ends without error, whole: dataset.json is written last, and that of an earlier
    dataset in the folder is removed first, with its other files. So what an interrupted writer leaves is no dataset.

    Attributes:
        summary: content of dataset.json.
        first_reject: the first record that could not be read, if any.
    """

    def __init__(
        self,
        path: str | Path,
        task: Task,
        source: str,
        columns: Sequence[Column] = (),
        label_column: str = "",
        time_axis: TimeAxis = _NO_TIME,
    ) -> None:
        """Prepares to write; nothing is touched before the context is entered.

        Args:
            path: the folder to write.
            task: what is to be predicted.
            source: where the data come from, for the record.
            columns: of a table, the label column among them.
            label_column: of a table.
            time_axis: of a table of time series.
        """
        self.summary: dict[str, Any] = {
            "format": FORMAT,
            "task": task.value,
            "source": source,
            "labels": [],
            "label_column": label_column,
            "columns": [asdict(column) for column in columns],
            **asdict(time_axis),
        }
        self._folder = Path(path)
        self._has_labels = not task.predicts_numbers
        self._schema = IMAGE_SCHEMA if task.is_image else row_schema(columns)
        self._labels: set[str] = set()
        self._most_labels = 0  # of an image
        self._faults: Counter[str] = Counter()
        self.first_reject: Reject | None = None
        self._rejects = 0
        self._stack = ExitStack()

    @property
    def count(self) -> int:
        """Items written so far."""
        return sum(split.count for split in self._splits.values())

    @property
    def labels(self) -> list[str]:
        """Names of the classes met so far, sorted."""
        return sorted(self._labels)

    def __enter__(self) -> Self:
        (self._folder / "items").mkdir(parents=True, exist_ok=True)
        parts = {split: self._folder / "items" / f"{split}.parquet" for split in SPLITS}
        rejects = self._folder / "rejects.jsonl"
        # Removed and not written over: a run shows the same files at other places by hard links.
        for file in (self._folder / "dataset.json", *parts.values(), rejects):
            file.unlink(missing_ok=True)
        self._splits = {
            split: self._stack.enter_context(_SplitWriter(part, self._schema)) for split, part in parts.items()
        }
        self._rejects_file = self._stack.enter_context(open(rejects, "w", encoding="utf-8"))
        return self

    def add(self, item: Item, split: str) -> None:
        """Adds an image to a split."""
        self._splits[split].add_item(item)
        self._faults.update(fault.rule for fault in item.faults)
        self._most_labels = max(self._most_labels, len(set(item.labels)))
        self._labels.update(item.labels, (box.label for box in item.boxes if box.label))

    def add_rows(self, rows: pa.Table, split: str) -> None:
        """Adds rows of a table (of `row_schema`) to a split."""
        self._splits[split].add_rows(rows)
        for faults in rows["__faults__"].chunks:
            self._faults.update(faults.flatten().field("rule").to_pylist())
        if self._has_labels:
            self._labels.update(rows[self.summary["label_column"]].drop_null().unique().to_pylist())

    def reject(self, reject: Reject) -> None:
        """Notes a record that could not be read."""
        self._rejects += 1
        self.first_reject = self.first_reject or reject
        self._rejects_file.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if kind is not None:
            return
        self.summary |= {
            "labels": self.labels,
            "multi_label": self.summary["task"] == Task.IMAGE_CLASSIFICATION and self._most_labels > 1,
            "counts": {name: split.count for name, split in self._splits.items()},
            "rejects": self._rejects,
            "faults": dict(sorted(self._faults.items())),
            "digests": {name: split.digest.hexdigest() for name, split in self._splits.items()},
        }
        with write_atomically(self._folder / "dataset.json") as file:
            file.write_text(json.dumps(self.summary, indent=1, ensure_ascii=False), encoding="utf-8")


class _SplitWriter:
    """One Parquet file with its count and its digest."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.count = 0
        self.digest = hashlib.sha256()
        self._schema = schema
        self._waiting: list[dict[str, Any]] = []
        self._file = pq.ParquetWriter(path, schema)

    def __enter__(self) -> Self:
        return self

    def add_item(self, item: Item) -> None:
        row = asdict(item)
        self.count += 1
        self.digest.update(json.dumps([item.sha256, row["labels"], row["boxes"]]).encode())
        self._waiting.append(row)
        if len(self._waiting) == _ITEMS_PER_ROW_GROUP:
            self._write_waiting()

    def add_rows(self, rows: pa.Table) -> None:
        self.count += rows.num_rows
        self.digest.update("".join(rows["__sha256__"].to_pylist()).encode())
        self._file.write_table(rows)

    def __exit__(self, *error: object) -> None:
        self._write_waiting()
        self._file.close()

    def _write_waiting(self) -> None:
        if self._waiting:
            self._file.write_table(pa.Table.from_pylist(self._waiting, self._schema))
            self._waiting = []
