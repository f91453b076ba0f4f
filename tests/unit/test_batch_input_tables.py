from copy import copy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_models import people_dataset, regressor
from tiny_series import series_dataset, shops

from graduate.components.batch_predict.inputs.open import open_source
from graduate.components.batch_predict.records import Rows, Source
from graduate.components.errors import InputError
from graduate.components.prediction.examples import serialized
from graduate.components.prediction.predictor import Predictor, open_predictor
from graduate.components.prediction.tfrecord import frame


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A model of `age` and `city`."""
    return open_predictor(regressor(tmp_path_factory.mktemp("regressor")).path)


def rows(source: Source, size: int = 2) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """All of them, and what is wrong with some; the count, the sizes and the types of the chunks are checked."""
    chunks = [chunk for chunk in source.chunks(size) if isinstance(chunk, Rows)]
    found = [row for chunk in chunks for row in chunk.batch.to_pylist()]
    assert (source.unit, source.count) == ("rows", len(found))
    assert [len(chunk) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
    assert {str(chunk.batch.schema) for chunk in chunks} == {"age: double\ncity: string\n__id__: string"}
    faults = {size * at + row: str(fault) for at, chunk in enumerate(chunks) for row, fault in chunk.faults.items()}
    return found, faults


def row(age: float | None, city: str | None, key: str) -> dict[str, Any]:
    return {"age": age, "city": city, "__id__": key}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_file_gives_typed_rows_and_bad_ones_in_their_places(end: str, people, tmp_path: Path) -> None:
    lines = [
        b"city,more,age",
        b"Oslo,x,31",
        b'"a, b",,',
        b"",
        b"Oslo,x,old",
        b"Oslo,31",
        b"Oslo,\xff,31",
        b"Rome,x,4e1,",
    ]
    data = end.encode().join([*lines, b"Rome,x,nan", b'"x"y,x,3', b"Rome,x,32"])
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbf" + data)
    found, faults = rows(open_source(str(tmp_path / "t.csv"), people))
    assert found == [
        row(31.0, "Oslo", "t.csv:2"),
        row(None, "a, b", "t.csv:3"),
        row(None, "Oslo", "t.csv:5"),
        row(None, None, "t.csv:6"),
        row(None, None, "t.csv:7"),
        row(None, None, "t.csv:8"),
        row(None, "Rome", "t.csv:9"),
        row(None, None, "t.csv:10"),
        row(32.0, "Rome", "t.csv:11"),
    ]
    assert faults.pop(7).startswith("t.csv:10, not readable as CSV")
    assert faults == {
        2: "t.csv:5, column 'age': 'old' is not a number",
        3: "t.csv:6, 2 fields where the header has 3",
        4: "t.csv:7, not UTF-8",
        5: "t.csv:8, 4 fields where the header has 3",
    }


def test_a_column_named_key_names_the_rows(people, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("key,age,city\nann,31,Oslo\n,32,Rome\n")
    assert rows(open_source(str(tmp_path / "t.csv"), people))[0] == [
        row(31.0, "Oslo", "ann"),
        row(32.0, "Rome", "t.csv:3"),
    ]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("city", "t.csv has no column 'age', which the model was trained on"),
        ("a,b", "t.csv has no column 'age', 'city', which"),
        ("age,city,age", "t.csv has several columns named 'age'"),
        ("", "t.csv is empty"),
        ('"age', "the header of t.csv cannot be read"),
        ("age,city", "has no records to predict"),
    ],
)
def test_a_table_that_cannot_be_predicted_is_refused_once(header: str, message: str, people, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(header)
    with pytest.raises(InputError, match=message):
        open_source(str(tmp_path / "t.csv"), people)


def test_parquet_gives_the_rows_that_csv_gives(people, bucket, tmp_path: Path) -> None:
    columns = {
        "key": pa.array([1, 2, None]),
        "city": pa.array(["Oslo", "Rome", None]).dictionary_encode(),
        "age": pa.array([31, 32, None], pa.int16()),
        "more": pa.array([[1], [2], [3]]),
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet", row_group_size=2)
    bucket.blob("in/t.parquet").upload_from_filename(str(tmp_path / "t.parquet"))
    bucket.blob("in/u.parquet").upload_from_filename(str(tmp_path / "t.parquet"))
    expected = [row(31.0, "Oslo", "1"), row(32.0, "Rome", "2"), row(None, None, "t.parquet:3")]
    assert rows(open_source(str(tmp_path / "t.parquet"), people)) == (expected, {})
    both, _ = rows(open_source("gs://bucket/in", people))
    assert both == [*expected, *expected[:2], row(None, None, "u.parquet:3")]


def test_values_in_parquet_that_are_not_the_models_are_bad_rows(people, tmp_path: Path) -> None:
    ages = pa.array(["31", "old", "", None])
    cities = pa.array([b"Oslo", b"Oslo", b"\xff", b"Rome"]).view(pa.string())
    pq.write_table(pa.table({"age": ages, "city": cities}), tmp_path / "t.parquet")
    found, faults = rows(open_source(str(tmp_path / "t.parquet"), people), 3)
    assert [each["city"] for each in found] == ["Oslo", "Oslo", None, "Rome"]
    assert faults == {
        1: "t.parquet:2, column 'age': 'old' is not a number",
        2: "t.parquet:3, column 'city' is not UTF-8",
    }


def test_a_damaged_row_group_spoils_its_own_rows(people, tmp_path: Path) -> None:
    table = pa.table({"age": [float(n) for n in range(30)], "city": ["Oslo"] * 30})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, row_group_size=10, use_dictionary=False, compression="gzip", write_page_checksum=True)
    with pq.ParquetFile(path) as file:
        column = file.metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    data[column.data_page_offset + column.total_compressed_size - 9] ^= 1
    path.write_bytes(data)
    found, faults = rows(open_source(str(path), people), 4)
    assert [each["age"] for each in found] == [*range(10), *[None] * 10, *range(20, 30)]
    assert list(faults) == list(range(10, 20))
    assert faults[10].startswith("t.parquet:11, row group 1 cannot be read")


@pytest.mark.parametrize("values", [[[1.0]], [b"x"], [{"a": 1}]])
def test_a_column_without_single_values_is_refused(values, people, tmp_path: Path) -> None:
    pq.write_table(pa.table({"age": values, "city": ["Oslo"]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"column 'age' of t\.parquet holds .*, not single values"):
        open_source(str(tmp_path / "t.parquet"), people)


def test_what_is_no_parquet_is_refused(people, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"age")
    with pytest.raises(InputError, match=r"t\.parquet is not a Parquet file"):
        open_source(str(tmp_path / "t.parquet"), people)


def test_json_lines_are_typed_rows_and_bad_ones_in_their_places(people, tmp_path: Path) -> None:
    lines = [
        '{"age": 31, "city": "Oslo", "key": "ann", "more": [1]}',
        '{"age": "32", "city": null}',
        "",
        '{"age": "old", "city": "Oslo"}',
        '{"age": 31, "key": 7}',
        '{"age": 31,',
        "[31]",
        '{"age": [31], "city": "Oslo"}',
        '{"city": "Rome", "age": 33}',
    ]
    (tmp_path / "r.jsonl").write_text("\r\n".join(lines))
    found, faults = rows(open_source(str(tmp_path / "r.jsonl"), people))
    assert found == [
        row(31.0, "Oslo", "ann"),
        row(32.0, None, "r.jsonl:2"),
        row(None, "Oslo", "r.jsonl:4"),
        row(31.0, None, "7"),
        row(None, None, "r.jsonl:6"),
        row(None, None, "r.jsonl:7"),
        row(None, "Oslo", "r.jsonl:8"),
        row(33.0, "Rome", "r.jsonl:9"),
    ]
    assert faults.pop(4).startswith("r.jsonl:6, the line is not JSON: ")
    assert faults == {
        2: "r.jsonl:4, column 'age': 'old' is not a number",
        3: "r.jsonl:5, missing keys 'city'; give null for a missing value",
        5: "r.jsonl:7, a row is a JSON object of column name to value, not [31]",
        6: "r.jsonl:8, column 'age' holds no single value: give text, a number, a boolean or null",
    }


def test_examples_are_typed_rows_and_bad_ones_in_their_places(people, bucket) -> None:
    frames = [
        frame(serialized({"age": 31.0, "city": "Oslo", "key": "ann"})),
        frame(serialized({"age": 32, "city": b"\xff"})),
        frame(b"\xff\xd8"),
        frame(b"damaged")[:-4] + bytes(4),
        frame(serialized({"city": "Rome"})),
        frame(serialized({"age": "33", "city": "Rome"})),
    ]
    bucket.blob("in/r.tfrecord").upload_from_string(b"".join(frames))
    found, faults = rows(open_source("gs://bucket/in/r.tfrecord", people))
    assert [found[0], found[5]] == [row(31.0, "Oslo", "ann"), row(33.0, "Rome", "r.tfrecord:6")]
    assert faults == {
        1: "r.tfrecord:2, feature 'city' is not UTF-8",
        2: "r.tfrecord:3, it is no tf.train.Example",
        3: "r.tfrecord:4, record 4 is damaged: its checksum is another",
        4: "r.tfrecord:5, missing keys 'age'; give null for a missing value",
    }


def test_a_data_set_of_rows_gives_its_splits_in_order(people, tmp_path: Path) -> None:
    folder = people_dataset(tmp_path / "people", {"test": [3.0], "train": [1.0, None, 2.0]})
    found, faults = rows(open_source(str(folder), people), 3)
    assert [(each["age"], each["__id__"]) for each in found] == [
        (1.0, "train.csv:2"),
        (None, "train.csv:3"),
        (2.0, "train.csv:4"),
        (3.0, "test.csv:2"),
    ]
    assert not faults


def test_a_model_of_series_takes_data_sets_alone(people, tmp_path: Path) -> None:
    model = copy(people)
    model.input = {"kind": "series", "context": 14, "horizon": 7, "period": "1 day", "columns": ["week_sin"]}
    data = series_dataset(tmp_path, shops(days=40, series=1))
    source = open_source(str(data.path), model)
    chunks = [chunk for chunk in source.chunks(8) if isinstance(chunk, Rows)]
    assert sum(map(len, chunks)) == source.count == sum(data.counts.values())
    assert {"past", "step", "__id__"} < set(chunks[0].batch.schema.names)
    with pytest.raises(InputError, match="time series, which are predicted from their past"):
        open_source(str(tmp_path / "shops.csv"), model)
