import math
from typing import Any

import pyarrow as pa
import pytest

from graduate.components.models.folder import ColumnsInput
from graduate.components.prediction.rows import typed_rows

TYPES = {"age": "number", "city": "category", "note": "text", "day": "date", "member": "boolean"}
DESCRIBED: Any = {
    "kind": "columns",
    "columns": [{"name": name, "type": type_, "dtype": "float32"} for name, type_ in TYPES.items()],
}
ROW = {"age": 31, "city": "Oslo", "note": "a b", "day": "2024-02-29", "member": True}


def typed(*rows: dict[str, Any]) -> tuple[pa.RecordBatch, dict[int, str]]:
    batch, faults = typed_rows([ROW | row for row in rows], DESCRIBED)
    return batch, {place: str(error) for place, error in faults.items()}


def only(column: str) -> ColumnsInput:
    return {"kind": "columns", "columns": [each for each in DESCRIBED["columns"] if each["name"] == column]}


def test_values_take_the_types_of_a_data_set() -> None:
    batch, faults = typed({})
    assert not faults
    assert {field.name: str(field.type) for field in batch.schema} == {
        "age": "double",
        "city": "string",
        "note": "string",
        "day": "timestamp[us, tz=UTC]",
        "member": "bool",
    }
    assert batch.to_pylist()[0] | {"day": None} == {"age": 31.0, **ROW, "day": None}
    assert batch["day"][0].as_py().isoformat() == "2024-02-29T00:00:00+00:00"


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("age", "31", 31.0),
        ("age", " 3.1e1 ", 31.0),
        ("age", 0.1, 0.1),
        ("age", 1e-320, 1e-320),
        ("age", 2**70, float(2**70)),
        ("age", "NaN", None),
        ("age", math.nan, None),
        ("age", "", None),
        ("age", None, None),
        ("city", "NaN", "NaN"),
        ("city", "", None),
        ("city", None, None),
        ("city", 7, "7"),
        ("city", 2**70, str(2**70)),
        ("city", 0.5, "0.5"),
        ("city", True, "true"),
        ("member", "FALSE", False),
        ("member", "na", None),
        ("day", "null", None),
    ],
)
def test_a_value_is_read_by_the_rules_of_the_data_whatever_stands_beside_it(column, value, expected) -> None:
    alone, faults = typed_rows([{column: value}], only(column))
    assert (alone.to_pylist(), faults) == ([{column: expected}], {})
    for neighbour in ("x", 1, 1.5, True, None, [1], 2**70):
        beside, _ = typed_rows([{column: value}, {column: neighbour}], only(column))
        assert beside.to_pylist()[0] == {column: expected}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("age", "x", "column 'age': 'x' is not a number"),
        ("age", True, "column 'age': 'true' is not a number"),
        ("age", math.inf, "column 'age': 'inf' is not a number"),
        ("age", "9" * 400, f"column 'age': '{'9' * 80}' is not a number"),
        ("age", [31], "column 'age' holds no single value: give text, a number, a boolean or null"),
        ("city", {"a": 1}, "column 'city' holds no single value: give text, a number, a boolean or null"),
        ("city", "\ud800", "column 'city' holds no single value: give text, a number, a boolean or null"),
        ("member", 1, "column 'member': '1' is not a boolean"),
        ("day", "2023-02-29", "column 'day': '2023-02-29' is not a date"),
        ("day", 20240229, "column 'day': '20240229' is not a date"),
    ],
)
def test_a_bad_value_is_an_error_of_its_row_alone(column, value, message) -> None:
    batch, faults = typed({}, {column: value}, {})
    assert faults == {1: message}
    assert batch[column].to_pylist()[1] is None
    assert batch.slice(2).to_pylist() == batch.slice(0, 1).to_pylist()


def test_missing_keys_are_named_and_unknown_ones_ignored() -> None:
    batch, faults = typed_rows([ROW | {"more": [1]}, {"city": "Oslo", "day": None}], DESCRIBED)
    assert {place: str(error) for place, error in faults.items()} == {
        1: "missing keys 'age', 'note', 'member'; give null for a missing value"
    }
    assert batch.schema.names == list(TYPES)
    assert batch.num_rows == 2


def test_a_row_with_several_bad_values_names_the_first_column() -> None:
    _, faults = typed({"member": "maybe", "age": "old"})
    assert faults == {0: "column 'age': 'old' is not a number"}


def test_no_rows_are_an_empty_batch_of_the_models_types() -> None:
    batch, faults = typed_rows([], DESCRIBED)
    assert (batch.num_rows, batch.schema.names, faults) == (0, list(TYPES), {})
