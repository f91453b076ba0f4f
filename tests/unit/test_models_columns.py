"""From table columns to model inputs."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import tiny_tables

from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.errors import InputError
from graduate.components.models.columns import column_tensors, input_column, signature_names
from graduate.components.models.table_rows import training_and_validation_rows


def tensor(values: list, type_: ColumnType, arrow_type: pa.DataType) -> np.ndarray:
    rows = pa.table({"column": pa.array(values, arrow_type)})
    return column_tensors(rows, [input_column(Column("column", type_))])["column"]


def test_numbers_are_float32_with_nan_for_missing_and_infinite_ones():
    found = tensor([1.5, None, float("inf"), 1e300], ColumnType.NUMBER, pa.float64())
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([[1.5], [np.nan], [np.nan], [np.nan]], np.float32))


def test_booleans_are_0_and_1():
    found = tensor([True, False, None], ColumnType.BOOLEAN, pa.bool_())
    np.testing.assert_array_equal(found, np.array([[1], [0], [np.nan]], np.float32))


def test_dates_are_days_since_1970():
    dates = [datetime(1970, 1, 3, 12, tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC), None]
    found = tensor(dates, ColumnType.DATE, pa.timestamp("us", tz="UTC"))
    np.testing.assert_array_equal(found, np.array([[2.5], [-1], [np.nan]], np.float32))


def test_categories_are_strings_with_an_empty_one_for_missing():
    assert tensor(["é", None], ColumnType.CATEGORY, pa.string()).tolist() == [["é"], [""]]


def test_an_absent_column_is_named():
    with pytest.raises(InputError, match="'age'"):
        column_tensors(pa.table({"agee": [1.0]}), [input_column(Column("age", ColumnType.NUMBER))])


def test_a_column_of_another_kind_is_named_with_what_it_holds():
    with pytest.raises(InputError, match="'age' holds string"):
        column_tensors(pa.table({"age": ["old"]}), [input_column(Column("age", ColumnType.NUMBER))])


def test_signature_names_are_unique_identifiers():
    names = ["Age", "mean radius", "class", "größe", "a b", "a_b", "2x", "self", "column_0", ""]
    found = signature_names([input_column(Column(name, ColumnType.NUMBER)) for name in names])
    assert list(found) == names
    assert list(found.values())[:2] == ["age", "mean_radius"]
    assert len(set(found.values())) == len(names)
    assert found["a b"] == "column_4"
    assert found["column_0"] == "column_8"


def test_without_validation_rows_some_training_rows_are_held_out_the_same_every_time(tmp_path):
    data = tiny_tables.visitors(tmp_path / "d", Task.TABULAR_REGRESSION, {"train": 200, "test": 1})
    training, validation = training_and_validation_rows(data)
    ids = set(validation["__id__"].to_pylist())
    assert 8 <= len(ids) <= 35
    assert ids.isdisjoint(training["__id__"].to_pylist())
    assert len(training) + len(validation) == 200
    assert set(training_and_validation_rows(data)[1]["__id__"].to_pylist()) == ids
