from datetime import UTC, datetime

import pyarrow as pa
import pytest

from graduate.components.data.columns import TypeInference, convert
from graduate.components.data.items import ColumnType


def inferred(*cells: str) -> ColumnType:
    inference = TypeInference()
    for cell in cells:
        inference.add(pa.array([cell]))
    return inference.type


@pytest.mark.parametrize(
    ("cells", "type_"),
    [
        (["1", "-2.5", "1e3", ""], "number"),
        (["1", "NA", "nan", "null"], "number"),
        (["2024-01-31", "2024-01-31T10:00:00Z"], "date"),
        (["True", "false"], "boolean"),
        (["red", "green", "12"], "category"),
        (["true", "false", "unknown"], "category"),
        (["the cat sat down", "a dog ran off home", "birds fly over it"], "text"),
        (["", ""], "category"),
    ],
)
def test_a_type_is_what_the_values_are(cells: list[str], type_: str) -> None:
    assert inferred(*cells) == type_


def test_a_few_breaks_do_not_change_the_type_and_many_do() -> None:
    assert inferred(*["7"] * 19, "seven") == "number"
    assert inferred(*["7"] * 18, "seven", "eight") == "category"


def test_sentences_that_recur_are_a_category() -> None:
    assert inferred(*["strongly agree with it", "do not agree at all"] * 20) == "category"


def test_numbers_keep_their_exact_value_and_breaks_are_told_from_missing() -> None:
    values, breaks = convert(pa.array(["0.1", " 2 ", "", "NaN", "twelve", "1e999"]), ColumnType.NUMBER)
    assert values.to_pylist() == [0.1, 2.0, None, None, None, None]
    assert breaks.tolist() == [False, False, False, False, True, True]


def test_a_date_outside_the_calendar_is_a_break() -> None:
    values, breaks = convert(pa.array(["2024-02-29", "2023-02-29", "2024-01-01 12:00:00+02:00"]), ColumnType.DATE)
    assert values.to_pylist() == [
        datetime(2024, 2, 29, tzinfo=UTC),
        None,
        datetime(2024, 1, 1, 10, tzinfo=UTC),
    ]
    assert breaks.tolist() == [False, True, False]


def test_booleans_are_read_in_any_case() -> None:
    values, _ = convert(pa.array(["TRUE", "False", ""]), ColumnType.BOOLEAN)
    assert values.to_pylist() == [True, False, None]


def test_categories_stay_as_written() -> None:
    values, breaks = convert(pa.array(["007", "NA", ""]), ColumnType.CATEGORY)
    assert values.to_pylist() == ["007", "NA", None]
    assert not breaks.any()
