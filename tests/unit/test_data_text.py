"""Labelled texts of every form, as data sets."""

import json
from pathlib import Path

import pandas as pd
import pytest

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import SPLITS, ColumnType
from graduate.components.errors import InputError
from graduate.components.import_dataset.read import read_dataset

TASK = "text_classification"


def imported(folder: Path) -> dict[str, tuple]:
    """Text, label and split of each row by id; a split that the data do not name is "" here."""
    dataset = Dataset.open(folder)
    assert dataset.label_column == "label"
    return {
        row["__id__"]: (row["text"], row["label"], split if row["__ml_use__"] else "")
        for split in SPLITS
        for row in dataset.table(split).to_pylist()
    }


def rejects(folder: Path) -> list[tuple[str, str, str]]:
    return [(each.source, each.reason, each.detail) for each in Dataset.open(folder).rejects()]


def test_rows_of_a_vertex_csv_file_hold_texts_or_name_their_files(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "away.txt").write_text("\ufeffgöön \nfor ever", encoding="utf-8")
    lines = ['test,"good, and cheap",praise', "bad,blame", ",so so,blame", "training,far/away.txt,praise", "bad,"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    read_dataset(str(tmp_path / "t.csv"), TASK, tmp_path / "d")
    assert imported(tmp_path / "d") == {
        "t.csv:1": ("good, and cheap", "praise", "test"),
        "t.csv:2": ("bad", "blame", ""),
        "t.csv:3": ("so so", "blame", ""),
        "t.csv:4": ("göön \nfor ever", "praise", "train"),
        "t.csv:5": ("bad", None, ""),
    }
    assert Dataset.open(tmp_path / "d").summary["faults"] == {"label_missing": 1}


def test_lines_of_a_vertex_jsonl_file_hold_texts_or_name_their_files(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("from a file")
    praise = {"classificationAnnotation": {"displayName": "praise"}}
    lines = [
        {"textContent": "inline", **praise, "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "test"}},
        {"textGcsUri": "one.txt", **praise},
        {"textContent": "unlabelled"},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    read_dataset(str(tmp_path / "t.jsonl"), TASK, tmp_path / "d")
    assert imported(tmp_path / "d") == {
        "t.jsonl:1": ("inline", "praise", "test"),
        "t.jsonl:2": ("from a file", "praise", ""),
        "t.jsonl:3": ("unlabelled", None, ""),
    }


def test_folders_name_the_label_and_perhaps_the_split(tmp_path: Path) -> None:
    for name in ("train/praise/a.txt", "test/blame/b.txt", "test/blame/notes.md"):
        (tmp_path / "split" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "split" / name).write_text(f"text of {name}")
    read_dataset(str(tmp_path / "split"), TASK, tmp_path / "d")
    assert imported(tmp_path / "d") == {
        "split:test/blame/b.txt": ("text of test/blame/b.txt", "blame", "test"),
        "split:train/praise/a.txt": ("text of train/praise/a.txt", "praise", "train"),
    }
    read_dataset(str(tmp_path / "split" / "test"), TASK, tmp_path / "d")
    assert imported(tmp_path / "d") == {"test:blame/b.txt": ("text of test/blame/b.txt", "blame", "")}


def test_texts_are_fetched_from_cloud_storage(bucket, tmp_path: Path) -> None:
    for name, text in {"t/train/praise/a.txt": "good", "t/test/blame/b.txt": "bad"}.items():
        bucket.blob(name).upload_from_string(text)
    bucket.blob("t.csv").upload_from_string("gs://bucket/t/train/praise/a.txt,praise\ngs://bucket/t/gone.txt,blame")
    read_dataset("gs://bucket/t", TASK, tmp_path / "d")
    assert sorted(imported(tmp_path / "d").values()) == [("bad", "blame", "test"), ("good", "praise", "train")]
    read_dataset("gs://bucket/t.csv", TASK, tmp_path / "d")
    assert imported(tmp_path / "d") == {"t.csv:1": ("good", "praise", "")}
    assert rejects(tmp_path / "d") == [("t.csv:2", "unreadable_file", "there is no gs://bucket/t/gone.txt")]


def test_texts_that_cannot_be_read_are_rejected_with_line_and_reason(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("schön".encode("latin-1"))
    lines = [
        {"textGcsUri": "latin.txt"},
        {"textGcsUri": "gone.txt"},
        {"textContent": "two", "classificationAnnotations": [{"displayName": "a"}, {"displayName": "b"}]},
        {"textContent": "odd", "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "exam"}},
        {"textContent": "good", "classificationAnnotation": {"displayName": "a"}},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, lines)))
    summary = read_dataset(str(tmp_path / "t.jsonl"), TASK, tmp_path / "d")
    assert list(imported(tmp_path / "d")) == ["t.jsonl:5"]
    assert summary["rejects"] == 4
    found = rejects(tmp_path / "d")
    assert [(source, reason) for source, reason, _ in found] == [
        ("t.jsonl:1", "unreadable_file"),
        ("t.jsonl:2", "unreadable_file"),
        ("t.jsonl:3", "bad_row"),
        ("t.jsonl:4", "bad_row"),
    ]
    details = ["not UTF-8: invalid start byte at byte 3", "gone.txt", "2 labels", "'exam' is none of training"]
    for (_, _, found_detail), detail in zip(found, details, strict=True):
        assert detail in found_detail


def test_an_unquoted_comma_gives_a_reject_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("fine,praise\ngood, and cheap,praise\n")
    read_dataset(str(tmp_path / "t.csv"), TASK, tmp_path / "d")
    assert rejects(tmp_path / "d") == [
        ("t.csv:2", "bad_row", "2 labels where a text has one (a text with commas stands in quotes)")
    ]


def test_an_empty_text_stays_as_missing(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(",praise\nfine,praise\n")
    read_dataset(str(tmp_path / "t.csv"), TASK, tmp_path / "d")
    assert imported(tmp_path / "d")["t.csv:1"] == (None, "praise", "")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_keeps_its_other_columns(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"stars": [1, 5], "text": ["bad", "good"], "mood": [0, 1], "ml_use": ["train", "test"]})
    source = tmp_path / f"t.{suffix}"
    frame.to_csv(source, index=False) if suffix == "csv" else frame.to_parquet(source)
    summary = read_dataset(str(source), TASK, tmp_path / "d", label_column="mood")
    assert {each["name"]: each["type"] for each in summary["columns"]} == {
        "stars": ColumnType.NUMBER,
        "text": ColumnType.TEXT,
        "mood": ColumnType.CATEGORY,
    }
    assert summary["labels"] == ["0", "1"]
    assert summary["counts"] == {"train": 1, "validation": 0, "test": 1}


def test_a_csv_file_whose_header_has_a_label_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("label,remark\npraise,good\nblame,bad\n")
    summary = read_dataset(str(tmp_path / "t.csv"), TASK, tmp_path / "d")
    assert summary["columns"] == [{"name": "label", "type": "category"}, {"name": "remark", "type": "text"}]
    assert summary["labels"] == ["blame", "praise"]


def test_what_holds_no_texts_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "numbers.csv").write_text("label,a,b\nx,1,2\ny,3,4\n")
    with pytest.raises(InputError, match=r"holds no texts: give a table .*<label>/<text>.txt"):
        read_dataset(str(tmp_path / "empty"), TASK, tmp_path / "d")
    with pytest.raises(InputError, match=r"numbers.csv has no column of text: call it `text`"):
        read_dataset(str(tmp_path / "numbers.csv"), TASK, tmp_path / "d")
    with pytest.raises(InputError, match="did you mean 'label'"):
        read_dataset(str(tmp_path / "numbers.csv"), TASK, tmp_path / "d", label_column="labl")
    assert not (tmp_path / "d").exists()
