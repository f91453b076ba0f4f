"""Faults of tables, of their rows and of whole columns."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .planting import CannotPlantError, Planted
from .rows import Rows

WRONG_LABELS = 0.05
WRONG_VALUES = 0.01
# Of the cells of a column of numbers, so that it stays one.
_MOST_TEXT_CELLS = 0.02
_LEAST_TEST_ROWS = 30
_WORDS = 0.1
_NOISE_OF_LEAK = 0.05
_EMPTY = 0.9


def wrong_label(rows: Rows) -> Iterator[Planted]:
    """Gives rows another of the labels."""
    for place in rows.victims.take(rows.victims.share(WRONG_LABELS)):
        rows.cells.loc[place, rows.label] = rows.another_label(place)
        yield Planted("wrong_label", (place + 1,))


def wrong_value(rows: Rows) -> Iterator[Planted]:
    """Multiplies or divides values by ten, as a slip of the unit or of the decimal point does."""
    values = rows.values(rows.label)
    for place in rows.victims.take(rows.victims.share(WRONG_VALUES), lambda place: bool(values[place] != 0)):
        rows.cells.loc[place, rows.label] = str(values[place] * rows.rng.choice([10.0, 0.1]))
        yield Planted("wrong_value", (place + 1,))


def label_missing(rows: Rows) -> Iterator[Planted]:
    """Takes labels away."""
    for place in rows.victims.take(rows.victims.few):
        rows.cells.loc[place, rows.label] = ""
        yield Planted("label_missing", (place + 1,))


def drift(rows: Rows) -> Iterator[Planted]:
    """Shifts a column by its standard deviation in the test split."""
    is_test = np.array(rows.splits) == "test"
    if is_test.sum() < _LEAST_TEST_ROWS:
        raise CannotPlantError(f"It takes {_LEAST_TEST_ROWS} test rows; there are {is_test.sum()}.")
    column = rows.take_number()
    values = rows.values(column)
    shifted = is_test & ~np.isnan(values)
    rows.cells.loc[shifted, column] = (values + np.nanstd(values))[shifted].astype(str)
    yield Planted("drift", column=column)


def schema_break(rows: Rows) -> Iterator[Planted]:
    """Takes a column away, held against the data as they are."""
    if not rows.spare and len(rows.numbers) < 2:
        raise CannotPlantError("No column can be spared.")
    column = rows.spare.pop(0) if rows.spare else rows.take_number()
    rows.cells = rows.cells.drop(columns=column)
    yield Planted("schema_break", column=column)


def mixed_types(rows: Rows) -> Iterator[Planted]:
    """Writes a word into so many cells of a column of numbers that it is none any more, which breaks the schema too."""
    if len(rows.numbers) < 2:
        raise CannotPlantError("No column of numbers can be spared.")
    column = rows.take_number()
    broken = rows.rng.random(len(rows.cells)) < _WORDS
    rows.cells.loc[broken, column] = "unknown"
    yield Planted("schema_break", column=column)
    yield Planted("mixed_types", column=column)


def type_break(rows: Rows) -> Iterator[Planted]:
    """Writes a word into cells of a column of numbers; the column is left to other faults, in other rows."""
    column = rows.take_number()
    rows.numbers.append(column)
    present = ~np.isnan(rows.values(column))
    count = rows.victims.few
    if count > _MOST_TEXT_CELLS * present.sum():
        raise CannotPlantError(f"It takes {count / _MOST_TEXT_CELLS:.0f} numbers in a column, or else it is of text.")
    for place in rows.victims.take(count, lambda place: bool(present[place])):
        rows.cells.loc[place, column] = "unknown"
        yield Planted("type_break", (place + 1,), column)


def range_break(rows: Rows) -> Iterator[Planted]:
    """Multiplies larger values of a column by a thousand."""
    column = rows.take_number()
    rows.numbers.append(column)
    values = rows.values(column)
    is_large = np.abs(values) >= max(np.nanmedian(np.abs(values)), np.finfo(float).tiny)
    for place in rows.victims.take(rows.victims.few, lambda place: bool(is_large[place])):
        rows.cells.loc[place, column] = str(values[place] * 1000)
        yield Planted("range_break", (place + 1,), column)


def leakage(rows: Rows) -> Iterator[Planted]:
    """Adds a column of numbers that is the given label with a little noise."""
    codes = rows.values(rows.label)
    if rows.labels:
        places = {label: float(place) for place, label in enumerate(rows.labels)}
        codes = np.array([places.get(label, np.nan) for label in rows.cells[rows.label]])
    yield _added(rows, "leakage", _noisy(codes, rows.rng))


def time_leakage(rows: Rows) -> Iterator[Planted]:
    """Adds a column of numbers that is the given label of the series' next row with a little noise."""
    ordered = rows.cells.assign(__label__=rows.values(rows.label)).sort_values(rows.series, kind="stable")
    following = ordered.groupby(rows.series[:-1])["__label__"] if len(rows.series) > 1 else ordered["__label__"]
    codes = following.shift(-1).reindex(rows.cells.index).to_numpy(np.float64)
    yield _added(rows, "time_leakage", _noisy(codes, rows.rng))


def missing_values(rows: Rows) -> Iterator[Planted]:
    """Adds a column of numbers that is nearly empty."""
    is_empty = rows.rng.random(len(rows.cells)) < _EMPTY
    numbers = rows.rng.standard_normal(len(rows.cells)).round(3)
    yield _added(rows, "missing_values", np.where(is_empty, "", numbers.astype(str)).tolist())


def constant_column(rows: Rows) -> Iterator[Planted]:
    """Adds a column that says the same of every row."""
    yield _added(rows, "constant_column", ["same"] * len(rows.cells))


def id_column(rows: Rows) -> Iterator[Planted]:
    """Adds a column that numbers the rows."""
    yield _added(rows, "id_column", [str(number) for number in 100_001 + rows.rng.permutation(len(rows.cells))])


def duplicate(rows: Rows) -> Iterator[Planted]:
    """Adds copies of training rows to train."""
    for place in rows.victims.take(rows.victims.few):
        yield Planted("duplicate", rows.add_copy(place, "train"))


def near_duplicate(rows: Rows) -> Iterator[Planted]:
    """Adds copies of training rows to train with a number that differs by a thousandth."""
    column = rows.take_number()
    rows.numbers.append(column)
    values = rows.values(column)
    for place in rows.victims.take(rows.victims.few, lambda place: bool(abs(values[place]) > 0)):
        yield Planted("near_duplicate", rows.add_copy(place, "train", **{column: str(values[place] * 1.001)}))


def contradiction(rows: Rows) -> Iterator[Planted]:
    """Adds copies of training rows to train with another label."""
    for place in rows.victims.take(rows.victims.few):
        yield Planted("contradiction", rows.add_copy(place, "train", **{rows.label: rows.another_label(place)}))


def split_overlap(rows: Rows) -> Iterator[Planted]:
    """Adds copies of training rows to test."""
    for place in rows.victims.take(rows.victims.few):
        yield Planted("split_overlap", rows.add_copy(place, "test"))


def duplicate_time(rows: Rows) -> Iterator[Planted]:
    """Adds rows of a series with a time that is taken."""
    for place in rows.victims.take(rows.victims.few):
        yield Planted("duplicate_time", rows.add_copy(place, "train"))


def _noisy(numbers: NDArray[np.float64], rng: np.random.Generator) -> list[str]:
    noise = _NOISE_OF_LEAK * np.nanstd(numbers) * rng.standard_normal(len(numbers))
    return ["" if np.isnan(value) else f"{value:.6g}" for value in numbers + noise]


def _added(rows: Rows, rule: str, cells: list[str]) -> Planted:
    """Adds a column, under a name that the table does not have."""
    name = f"planted_{rule}"
    while name in rows.cells:
        name += "_"
    rows.cells[name] = cells
    return Planted(rule, column=name)
