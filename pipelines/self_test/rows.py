"""A data set's table as text again, in the form in which it can be spoiled and imported once more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ...components.data.dataset import Dataset
from ...components.data.items import SPLITS, ColumnType
from ...components.data.storage import write_atomically
from .planting import CannotPlantError, Planted, Spoiled, Victims, another_label

# A test of the gate needs no more; it is the trainings that cost.
MOST_ROWS = 50_000
_LEAST_DISTINCT = 10
_ML_USE = "ml_use"


@dataclass
class Rows:
    """A table that is being spoiled, training rows first.

    Attributes:
        cells: of the user's columns, as text, "" where missing; column faults add columns and take some away.
        splits: of each row.
        origins: of each row, its id in the data as they are.
        label: name of the label column.
        labels: the classes; empty for regression.
        series: names of the columns of series and time that put the rows of a forecast in order; otherwise empty.
        text: name of the first column of text, "" where there is none.
        numbers: names of columns of numbers that the gate finds nothing wrong with, the least telling first.
        spare: names of columns that the gate finds something wrong with: the model misses them the least.
        victims: training rows with a label.
        rng: decides what is spoiled.
        copies: (cells, split) of rows to add.
    """

    cells: pd.DataFrame
    splits: list[str]
    origins: list[str]
    label: str
    labels: list[str]
    series: list[str]
    text: str
    numbers: list[str]
    spare: list[str]
    victims: Victims
    rng: np.random.Generator
    copies: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def take_number(self) -> str:
        """A column of numbers that no other fault is in.

        Raises:
            CannotPlantError: none is left.
        """
        if not self.numbers:
            raise CannotPlantError("No column of numbers is left that varies and carries no other fault.")
        return self.numbers.pop(0)

    def values(self, column: str) -> NDArray[np.float64]:
        """The numbers of a column, NaN where there is none."""
        return _numbers(self.cells, column)

    def another_label(self, place: int) -> str:
        """A label that the row does not have.

        Raises:
            CannotPlantError: there is only one.
        """
        return another_label(self.labels, [str(self.cells.loc[place, self.label])], self.rng)

    def add_copy(self, place: int, split: str, **changes: str) -> tuple[int, int]:
        """Adds a copy of a row with some cells changed, in the end: the lines of the original and of the copy."""
        self.copies.append((self.cells.loc[place].to_dict() | changes, split))
        return place + 1, len(self.cells) + len(self.copies)

    def write(self, file: Path, planted: list[Planted], not_planted: dict[str, str]) -> Spoiled:
        """Writes the table as Parquet, a column of text for each of its columns and `ml_use`."""
        cells = pd.concat([self.cells, pd.DataFrame([row for row, _ in self.copies], columns=self.cells.columns)])
        splits = self.splits + [split for _, split in self.copies]
        columns = {name: pa.array(cells[name], pa.string()) for name in cells} | {_ML_USE: pa.array(splits)}
        with write_atomically(file) as aside:
            pq.write_table(pa.table(columns), aside)
        return Spoiled(str(file), planted, not_planted, self.origins + [""] * len(self.copies))


def read_rows(
    data: Dataset, flagged: Collection[str], flagged_columns: Collection[str], rng: np.random.Generator
) -> Rows:
    """Reads a data set's table back as text; of more than `MOST_ROWS` rows that follow no order of time, a sample.

    Args:
        data: a data set of rows.
        flagged: ids of the rows that the gate finds something wrong with.
        flagged_columns: names of such columns.
        rng: decides what is sampled and spoiled.
    """
    table = pa.concat_tables(data.table(split) for split in SPLITS)
    splits = np.repeat(SPLITS, [data.counts[split] for split in SPLITS])
    sample = np.sort(rng.permutation(len(table))[: None if data.time_column else MOST_ROWS])
    table, splits = table.take(sample), splits[sample].tolist()
    cells = pd.DataFrame(
        {each.name: table[each.name].cast(pa.string()).fill_null("").to_pylist() for each in data.columns}, dtype=object
    )
    origins = table["__id__"].to_pylist()
    is_flagged = np.isin(origins, list(flagged))
    is_victim = (np.array(splits) == "train") & (cells[data.label_column] != "").to_numpy()
    others = [column for column in data.columns if column.name != data.label_column]
    usable = [each.name for each in others if each.type is ColumnType.NUMBER and each.name not in flagged_columns]
    return Rows(
        cells=cells,
        splits=splits,
        origins=origins,
        label=data.label_column,
        labels=data.labels,
        series=[name for name in (data.series_column, data.time_column) if name],
        text=next((each.name for each in others if each.type is ColumnType.TEXT), ""),
        numbers=_least_telling_first(cells, usable, data.label_column),
        spare=[each.name for each in others if each.name in flagged_columns],
        victims=Victims(np.flatnonzero(is_victim), is_flagged, rng),
        rng=rng,
    )


def _least_telling_first(cells: pd.DataFrame, names: Iterable[str], label: str) -> list[str]:
    """Those of the columns that vary, by how little they go along with the label: faults in them mislead the least."""
    target = pd.Series(_numbers(cells, label))
    if target.isna().all():
        target = pd.Series(pd.factorize(cells[label])[0])
    telling: dict[str, float] = {}
    for name in names:
        values = pd.Series(_numbers(cells, name))
        if values.nunique() >= _LEAST_DISTINCT and values.notna().mean() >= 0.5:
            telling[name] = abs(values.corr(target, method="spearman"))
    return sorted(telling, key=lambda name: (telling[name], name))


def _numbers(cells: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return np.asarray(pd.to_numeric(cells[name], errors="coerce"), np.float64)
