import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Box, Column, ColumnType, Fault, Item, Reject, Task
from graduate.components.errors import InputError


def item(number: int) -> Item:
    return Item(
        f"{number}.jpg", f"/{number}.jpg", f"i.jsonl:{number}", f"{number:064}", "train", 40, 20, "0" * 16,
        boxes=[Box("cat", 0.1, 0.2, 0.3, 0.4)], faults=[Fault("box_order", "reversed", 0)],
    )  # fmt: skip


def write(path: Path, numbers: range) -> None:
    with DatasetWriter(path, Task.OBJECT_DETECTION, "i.jsonl") as writer:
        for number in numbers:
            writer.add(item(number), "train")
        writer.reject(Reject("i.jsonl:99", "/99.jpg", "undecodable_image", "cut short", "test"))


def test_items_and_rejects_come_back_as_they_were_written(tmp_path: Path) -> None:
    write(tmp_path / "d", range(1500))
    dataset = Dataset.open(tmp_path / "d")
    assert list(dataset.items("train")) == [item(number) for number in range(1500)]
    assert list(dataset.rejects()) == [Reject("i.jsonl:99", "/99.jpg", "undecodable_image", "cut short", "test")]


def test_the_summary_counts_items_faults_and_rejects(tmp_path: Path) -> None:
    write(tmp_path / "d", range(3))
    summary = json.loads((tmp_path / "d" / "dataset.json").read_text())
    assert summary["counts"] == {"train": 3, "validation": 0, "test": 0}
    assert (summary["faults"], summary["rejects"], summary["labels"]) == ({"box_order": 3}, 1, ["cat"])


def test_a_split_without_items_has_an_empty_file(tmp_path: Path) -> None:
    write(tmp_path / "d", range(1))
    assert list(Dataset.open(tmp_path / "d").items("test")) == []
    assert Dataset.open(tmp_path / "d").table("test").num_rows == 0


def test_digests_hang_on_items_and_their_order(tmp_path: Path) -> None:
    for name, numbers in {"a": range(3), "b": range(3), "c": range(2, -1, -1)}.items():
        write(tmp_path / name, numbers)
    a, b, c = (Dataset.open(tmp_path / name).digests["train"] for name in "abc")
    assert a == b != c


def fail_half_way(path: Path) -> None:
    with DatasetWriter(path, Task.OBJECT_DETECTION, "i") as writer:
        writer.add(item(5), "test")
        raise RuntimeError


def test_an_interrupted_writer_leaves_no_dataset(tmp_path: Path) -> None:
    write(tmp_path / "d", range(1))
    with pytest.raises(RuntimeError):
        fail_half_way(tmp_path / "d")
    with pytest.raises(InputError, match="is not a dataset folder"):
        Dataset.open(tmp_path / "d")


def test_nothing_of_an_interrupted_or_earlier_dataset_is_left_in_the_next(tmp_path: Path) -> None:
    write(tmp_path / "d", range(5))
    with pytest.raises(RuntimeError):
        fail_half_way(tmp_path / "d")
    with DatasetWriter(tmp_path / "d", Task.OBJECT_DETECTION, "i") as writer:
        writer.add(item(7), "validation")
    dataset = Dataset.open(tmp_path / "d")
    assert {split: [item.id for item in dataset.items(split)] for split in dataset.counts} == {
        "train": [],
        "validation": ["7.jpg"],
        "test": [],
    }
    assert list(dataset.rejects()) == []


def test_rewriting_leaves_hard_links_to_the_earlier_files_as_they_were(tmp_path: Path) -> None:
    write(tmp_path / "d", range(3))
    shutil.copytree(tmp_path / "d", tmp_path / "shown", copy_function=os.link)
    write(tmp_path / "d", range(1))
    assert [item.id for item in Dataset.open(tmp_path / "shown").items("train")] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [item.id for item in Dataset.open(tmp_path / "d").items("train")] == ["0.jpg"]


def test_a_dataset_is_written_without_renaming_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []

    def replace(source: Path, target: Path) -> None:
        moved.append(Path(target).name)
        assert not os.path.isdir(source)
        os.rename(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write(tmp_path / "d", range(1))
    assert moved == ["dataset.json"]


def test_rows_are_streamed_with_chosen_columns(tmp_path: Path) -> None:
    columns = [Column("age", ColumnType.NUMBER), Column("who", ColumnType.CATEGORY)]
    row = {"age": 1.5, "who": "cat", "__id__": "t:2", "__sha256__": "0", "__ml_use__": "", "__faults__": []}
    with DatasetWriter(tmp_path / "d", Task.TABULAR_CLASSIFICATION, "t", columns, "who") as writer:
        writer.add_rows(pa.Table.from_pylist([row] * 5, row_schema(columns)), "test")
    dataset = Dataset.open(tmp_path / "d")
    batches = list(dataset.batches("test", columns=["age"], rows=2))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]
    assert batches[0].to_pylist() == [{"age": 1.5}] * 2
    assert (dataset.labels, dataset.columns, dataset.label_column) == (["cat"], columns, "who")


def test_another_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a dataset folder: give the one that import_dataset wrote"):
        Dataset.open(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"format": 7}')
    with pytest.raises(InputError, match="dataset format 7, not 1"):
        Dataset.open(tmp_path)
