from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from graduate.components.data.items import Reject
from graduate.components.data.readers.tables import Chunk, open_table
from graduate.components.errors import InputError


def read(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[tuple[str, str]]]:
    rows: list[tuple[int, dict[str, str]]] = []
    rejects: list[tuple[str, str]] = []
    for piece in open_table(str(path)).chunks():
        if isinstance(piece, Chunk):
            rows += zip(piece.lines, piece.cells.to_pylist(), strict=True)
        else:
            assert isinstance(piece, Reject)
            rejects.append((piece.source, piece.detail))
    return rows, rejects


def test_csv_rows_carry_the_line_on_which_they_start(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfa,b\r\n\r\n1,"x, ""y""\r\nz"\r\n2,\xc3\xa4\r\n')
    rows, rejects = read(tmp_path / "t.csv")
    assert rows == [(3, {"a": "1", "b": 'x, "y"\r\nz'}), (5, {"a": "2", "b": "ä"})]
    assert rejects == []


def test_csv_rows_that_cannot_be_read_are_rejected_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"a,b\n1\n1,2,3\n\xff,2\n5,6\n")
    rows, rejects = read(tmp_path / "t.csv")
    assert rows == [(5, {"a": "5", "b": "6"})]
    assert sorted(rejects) == [
        ("t.csv:2", "1 fields where the header has 2"),
        ("t.csv:3", "3 fields where the header has 2"),
        ("t.csv:4", "not UTF-8"),
    ]


def test_an_open_quote_spoils_the_rows_that_it_swallows_and_says_which(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n1,2\n3,"4\n5,6\n')
    rows, rejects = read(tmp_path / "t.csv")
    assert rows == [(2, {"a": "1", "b": "2"})]
    assert rejects == [("t.csv:3-4", "not readable as CSV: unexpected end of data")]


def test_parquet_gives_the_same_cells_as_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"n": [0.1, None], "i": [1, 2], "b": [True, False], "s": ["x", None], "d": [date(2024, 1, 31), None]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    rows, _ = read(tmp_path / "t.parquet")
    assert rows == [
        (1, {"n": "0.1", "i": "1", "b": "true", "s": "x", "d": "2024-01-31"}),
        (2, {"n": "", "i": "2", "b": "false", "s": "", "d": ""}),
    ]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "t.csv is empty"),
        ("a,,c", "column 2 of t.csv has no name"),
        ("a,b,a", "several columns named 'a'"),
        ("a,__id__", "a name this library keeps for itself"),
        ('a,"b', "the header of t.csv cannot be read"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(header: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(header)
    with pytest.raises(InputError, match=sentence):
        open_table(str(tmp_path / "t.csv"))


def test_nested_parquet_columns_are_refused_by_name(tmp_path: Path) -> None:
    pd.DataFrame({"a": [[1, 2]]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"column 'a' of t\.parquet holds list"):
        open_table(str(tmp_path / "t.parquet"))


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("hello")
    with pytest.raises(InputError, match="is not a Parquet file"):
        open_table(str(tmp_path / "t.parquet"))
    with pytest.raises(InputError, match=r"give a \.csv file with a header line, or a \.parquet file"):
        open_table(str(tmp_path / "t.xlsx"))
