"""A sample of a table as numbers: small enough to fit many models on, and read in pieces of any table."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

from ...data.dataset import Dataset
from ...data.items import SPLITS, Column, Task
from ...models import feature_transforms
from ...models.columns import column_tensors, input_column
from ...models.feature_transforms import DAYS_PER_WEEK, DAYS_PER_YEAR, FeatureTransform
from ...models.metrics import label_codes
from ...models.text_tokens import terms

MOST_ROWS = {"train": 20_000, "validation": 10_000, "test": 10_000}
FOLDS = 5
FEWEST_ROWS = 20
# Of each column of text: of more words, trees would look at nothing else.
_MOST_TERMS = 200
TASKS = (Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION)


class NotFittedError(Exception):
    """There is nothing that the gate's own model could be fitted on; the message says why, one sentence."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Labelled rows of one split, N of them.

    Attributes:
        ids: of the rows.
        given: the labels: float64 [N] numbers, or int64 [N] places in the sample's `labels`.
        inputs: float32 [N, F]; NaN where missing, categories as codes.
    """

    ids: list[str]
    given: NDArray[Any]
    inputs: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows of a table, all splits with the same inputs.

    Attributes:
        task: what the labels are.
        labels: of the data set; empty for regression.
        splits: the rows by split.
        columns: the column of each of F inputs, as text [F]; of a date, of a text, there are several.
        is_category: bool [F], whether an input is a code of a category.
        folds: int64 [N], 0 to 4, of the training rows; equal rows share one, so that copies do not vouch for
            each other.
        seed: of the models.
    """

    task: Task
    labels: list[str]
    splits: dict[str, Rows]
    columns: NDArray[np.str_]
    is_category: NDArray[np.bool_]
    folds: NDArray[np.int64]
    seed: int

    @property
    def names(self) -> list[str]:
        """The columns that a model can use, in the order of the table."""
        return list(dict.fromkeys(self.columns.tolist()))

    def used(self, without: Collection[str]) -> NDArray[np.bool_]:
        """Which inputs are left without some of the columns, bool [F]."""
        return ~np.isin(self.columns, list(without))


def draw_sample(data: Dataset, seed: int = 0) -> Sample:
    """Draws at most `MOST_ROWS` rows of each split, and makes of their columns what trees take.

    Columns that `feature_transforms` drops (constants, numbers that name the rows) are no inputs.

    Raises:
        NotFittedError: the task is none of `TASKS`, or there is too little to learn from.
    """
    if data.task not in TASKS:
        raise NotFittedError(f"The gate fits no model of its own to {data.task}.")
    tables = {split: _labelled(data, split, seed) for split in SPLITS}
    given = {split: _given(data, table) for split, table in tables.items()}
    if len(given["train"]) < FEWEST_ROWS or len(np.unique(given["train"])) < 2:
        raise NotFittedError(f"There are fewer than {FEWEST_ROWS} labelled training rows, or all have the same label.")
    folds = np.array([int(digest[:8], 16) % FOLDS for digest in tables["train"]["__sha256__"].to_pylist()], np.int64)
    if len(np.unique(folds)) < 2:
        raise NotFittedError("The training rows are copies of each other.")
    columns = [column for column in data.columns if column.name != data.label_column]
    transforms = [each for each in feature_transforms.describe(tables["train"], columns) if each.transform != "dropped"]
    if not transforms:
        raise NotFittedError("No column but the label says anything.")
    blocks = {split: [_inputs(table, each) for each in transforms] for split, table in tables.items()}
    widths = [block.shape[1] for block in blocks["train"]]
    return Sample(
        task=data.task,
        labels=data.labels,
        splits={
            split: Rows(ids=table["__id__"].to_pylist(), given=given[split], inputs=np.hstack(blocks[split]))
            for split, table in tables.items()
        },
        columns=np.repeat(np.array([each.column for each in transforms]), widths),
        is_category=np.repeat([each.transform == "one_hot" for each in transforms], widths),
        folds=folds,
        seed=seed,
    )


def _labelled(data: Dataset, split: str, seed: int) -> pa.Table:
    names = [*(column.name for column in data.columns), "__id__", "__sha256__"]
    chosen = np.sort(np.random.default_rng(seed).permutation(data.counts[split])[: MOST_ROWS[split]])
    parts, first = [] if data.counts[split] else [data.table(split, names)], 0
    for batch in data.batches(split, names):
        low, high = np.searchsorted(chosen, [first, first + len(batch)])
        parts.append(pa.Table.from_batches([batch.take(pa.array(chosen[low:high] - first))]))
        first += len(batch)
    table = pa.concat_tables(parts)
    return table.filter(table[data.label_column].is_valid())


def _given(data: Dataset, rows: pa.Table) -> NDArray[Any]:
    if data.task.predicts_numbers:
        return rows[data.label_column].to_numpy()
    return label_codes(rows[data.label_column].to_pylist(), data.labels)


def _inputs(rows: pa.Table, transform: FeatureTransform) -> NDArray[np.float32]:
    """One column as float32 [N, inputs]."""
    column = input_column(Column(transform.column, transform.type))
    values = column_tensors(rows, [column])[transform.column]
    match transform.transform:
        case "date":
            return np.hstack([values, values % DAYS_PER_WEEK, values % DAYS_PER_YEAR]).astype(np.float32)
        case "one_hot":
            places = {value: place for place, value in enumerate(transform.statistics["vocabulary"])}
            # A rare value, and one that is new, counts as missing.
            return np.array([[places.get(value, np.nan)] for value in values[:, 0]], np.float32).reshape(-1, 1)
        case "tfidf":
            known = transform.statistics
            commonest = np.argsort(known["idf"], kind="stable")[:_MOST_TERMS]
            analyzer: Any = terms
            words = CountVectorizer(
                analyzer=analyzer, vocabulary=[known["vocabulary"][place] for place in commonest], binary=True
            )
            return words.transform(values[:, 0]).toarray().astype(np.float32)
        case _:
            return values
