import json
from pathlib import Path

import pandas as pd
import pytest
from kfp import dsl
from tiny_images import image_bytes, write_images

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import SPLITS, Fault, Item
from graduate.components.errors import InputError
from graduate.components.import_dataset.component import import_dataset
from graduate.components.import_dataset.describe import describe_dataset
from graduate.components.import_dataset.read import counts, read_dataset


def items(folder: Path) -> dict[str, tuple[str, Item]]:
    """Split and item by id."""
    dataset = Dataset.open(folder)
    return {item.id: (split, item) for split in SPLITS for item in dataset.items(split)}


def rows(folder: Path) -> dict[str, dict]:
    """Rows by id, with their split."""
    dataset = Dataset.open(folder)
    return {row["__id__"]: row | {"split": split} for split in SPLITS for row in dataset.table(split).to_pylist()}


def write_lines(path: Path, *lines: object) -> str:
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return str(path)


def detection_line(uri: str, ml_use: str = "", **edges: float) -> dict:
    box = {"displayName": "cat", "xMin": 0.1, "yMin": 0.1, "xMax": 0.5, "yMax": 0.5, **edges}
    labels = {"aiplatform.googleapis.com/ml_use": ml_use} if ml_use else {}
    return {"imageGcsUri": uri, "boundingBoxAnnotations": [box], "dataItemResourceLabels": labels}


def test_images_are_opened_and_their_faults_marked(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg", "b.png")
    source = write_lines(
        tmp_path / "i.jsonl", detection_line("a.jpg", "training"), detection_line("b.png", "test", xMin=0.6, yMax=1.5)
    )
    summary = read_dataset(source, "object_detection", tmp_path / "d")
    split, item = items(tmp_path / "d")["b.png"]
    assert (split, item.width, item.height, len(item.phash)) == ("test", 40, 20, 16)
    assert [fault.rule for fault in item.faults] == ["box_order", "box_out_of_range"]
    assert summary["counts"] == {"train": 1, "validation": 0, "test": 1}
    assert counts(summary)["fault_box_order"] == 1


def test_images_that_cannot_be_read_are_rejected_with_line_and_reason(tmp_path: Path) -> None:
    write_images(tmp_path, "good.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:-200])
    source = write_lines(
        tmp_path / "i.jsonl",
        detection_line("cut.jpg", "test"),
        detection_line("gone.jpg"),
        detection_line("good.jpg"),
        {"no": "uri"},
        detection_line("a\0b"),
    )
    summary = read_dataset(source, "object_detection", tmp_path / "d")
    rejects = [(reject.source, reject.reason, reject.split) for reject in Dataset.open(tmp_path / "d").rejects()]
    assert rejects == [
        ("i.jsonl:1", "undecodable_image", "test"),
        ("i.jsonl:2", "unreadable_file", ""),
        ("i.jsonl:4", "bad_row", ""),
        ("i.jsonl:5", "unreadable_file", ""),
    ]
    assert (summary["rejects"], sum(summary["counts"].values())) == (4, 1)


def test_images_of_the_same_bytes_fall_in_the_same_split_and_are_all_kept(tmp_path: Path) -> None:
    lines = []
    for seed in range(20):
        for name in (f"{seed}.png", f"copy/{seed}.png"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(image_bytes(seed))
            lines.append(detection_line(name))
    read_dataset(write_lines(tmp_path / "i.jsonl", *lines), "object_detection", tmp_path / "d")
    found = items(tmp_path / "d")
    assert len(found) == 40
    assert all(found[f"{seed}.png"][0] == found[f"copy/{seed}.png"][0] for seed in range(20))


def test_an_image_named_twice_has_two_ids_and_its_given_splits(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    source = write_lines(tmp_path / "i.jsonl", detection_line("a.jpg", "TRAINING"), detection_line("a.jpg", "test"))
    read_dataset(source, "object_detection", tmp_path / "d")
    assert {name: split for name, (split, _) in items(tmp_path / "d").items()} == {"a.jpg": "train", "a.jpg#2": "test"}


def test_pixel_boxes_are_normalised_by_the_image_and_not_by_what_the_data_say(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    (tmp_path / "a.xml").write_text(
        "<annotation><size><width>9</width><height>9</height></size><object><name>cat</name><bndbox><xmin>5</xmin>"
        "<ymin>6</ymin><xmax>20</xmax><ymax>20</ymax></bndbox></object></annotation>"
    )
    read_dataset(str(tmp_path), "object_detection", tmp_path / "d")
    (box,) = items(tmp_path / "d")["a.jpg"][1].boxes
    assert (box.xmin, box.ymin, box.xmax, box.ymax) == (0.1, 0.25, 0.5, 1.0)


def test_folders_of_classes_give_labels_and_splits(tmp_path: Path) -> None:
    write_images(tmp_path / "in", "train/cat/1.jpg", "test/dog/2.jpg", "train/3.jpg")
    read_dataset(str(tmp_path / "in"), "image_classification", tmp_path / "d")
    found = items(tmp_path / "d")
    assert [(split, item.labels) for split, item in found.values()] == [
        ("train", []),
        ("train", ["cat"]),
        ("test", ["dog"]),
    ]
    assert found["train/3.jpg"][1].faults == [Fault("label_missing", "the image has no label")]


def test_images_are_imported_from_cloud_storage(bucket, tmp_path: Path) -> None:
    bucket.blob("d/img/a.png").upload_from_string(image_bytes())
    bucket.blob("d/import.jsonl").upload_from_string(
        "\n".join(json.dumps(detection_line(f"gs://bucket/d/img/{name}.png", "test")) for name in "ab")
    )
    read_dataset("gs://bucket/d/import.jsonl", "object_detection", tmp_path / "d")
    _, item = items(tmp_path / "d")["img/a.png"]
    assert (item.uri, item.source) == ("gs://bucket/d/img/a.png", "import.jsonl:1")
    (reject,) = Dataset.open(tmp_path / "d").rejects()
    assert (reject.uri, reject.reason) == ("gs://bucket/d/img/b.png", "unreadable_file")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_are_imported_from_cloud_storage(suffix: str, bucket, tmp_path: Path) -> None:
    frame = pd.DataFrame({"n": [1, 2, 3], "y": ["a", "b", "a"]})
    data = frame.to_csv(index=False).encode() if suffix == "csv" else frame.to_parquet()
    bucket.blob(f"t.{suffix}").upload_from_string(data)
    read_dataset(f"gs://bucket/t.{suffix}", "tabular_classification", tmp_path / "d", label_column="y")
    assert sorted(row["n"] for row in rows(tmp_path / "d").values()) == [1.0, 2.0, 3.0]


def test_rows_are_typed_and_their_faults_marked(tmp_path: Path) -> None:
    lines = [f"{number},red,1" for number in range(30)] + ["twelve,blue,0", "7,,", ",green,1"]
    (tmp_path / "t.csv").write_text("n,colour,y\n" + "\n".join(lines))
    summary = read_dataset(str(tmp_path / "t.csv"), "tabular_classification", tmp_path / "d", "y")
    found = rows(tmp_path / "d")
    assert summary["faults"] == {"label_missing": 1, "type_break": 1}
    assert [column["type"] for column in summary["columns"]] == ["number", "category", "category"]
    assert found["t.csv:32"]["n"] is None
    assert found["t.csv:32"]["__faults__"] == [
        {"rule": "type_break", "detail": "n: 'twelve' is not a number", "box": -1}
    ]
    assert found["t.csv:33"]["__faults__"][0]["rule"] == "label_missing"
    assert found["t.csv:34"]["__faults__"] == []
    assert summary["labels"] == ["0", "1"]


def test_a_column_ml_use_gives_the_splits_and_is_no_feature(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ml_use,n,y\ntraining,1,a\nTEST,2,b\nvalidation,3,a\nholdout,4,a\n")
    summary = read_dataset(str(tmp_path / "t.csv"), "tabular_classification", tmp_path / "d", "y")
    assert [(row["__ml_use__"], row["split"]) for row in rows(tmp_path / "d").values()] == [
        ("train", "train"),
        ("validation", "validation"),
        ("test", "test"),
    ]
    assert [column["name"] for column in summary["columns"]] == ["n", "y"]
    (reject,) = Dataset.open(tmp_path / "d").rejects()
    assert (reject.source, reject.detail) == ("t.csv:5", "ml_use is 'holdout', none of train, validation, test")


def test_equal_rows_fall_in_one_split_even_when_their_own_split_differs(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,y\n" + "".join(f"{number},a\n" for number in range(50)) * 2)
    read_dataset(str(tmp_path / "t.csv"), "tabular_classification", tmp_path / "d", "y")
    splits = {split: {row["n"] for row in Dataset.open(tmp_path / "d").table(split).to_pylist()} for split in SPLITS}
    assert sum(map(len, splits.values())) == 50


def test_rows_of_one_group_fall_in_one_split(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("who,n,y\n" + "".join(f"p{number % 25},{number},a\n" for number in range(200)))
    read_dataset(str(tmp_path / "t.csv"), "tabular_classification", tmp_path / "d", "y", group_column="who")
    groups = {split: {row["who"] for row in Dataset.open(tmp_path / "d").table(split).to_pylist()} for split in SPLITS}
    assert sum(map(len, groups.values())) == 25
    assert len(groups["test"]) > 0


def test_real_tables_are_read_whole(shared_datasets: Path, tmp_path: Path) -> None:
    source = str(shared_datasets / "titanic_train.csv")
    summary = read_dataset(source, "tabular_classification", tmp_path / "d", "Survived")
    types = {column["name"]: column["type"] for column in summary["columns"]}
    assert (sum(summary["counts"].values()), summary["rejects"], summary["labels"]) == (891, 0, ["0", "1"])
    assert [types[name] for name in ("Age", "Sex", "Name")] == ["number", "category", "text"]


def test_the_same_data_give_the_same_dataset(tmp_path: Path) -> None:
    write_images(tmp_path / "in", *(f"{label}/{number}.png" for label in ("cat", "dog") for number in range(20)))
    first, second = (read_dataset(str(tmp_path / "in"), "image_classification", tmp_path / name) for name in "ab")
    assert first == second


@pytest.mark.parametrize(
    ("task", "label_column", "sentence"),
    [
        ("tabular_clasification", "y", "there is no task 'tabular_clasification': give one of object_detection"),
        ("tabular_classification", "", "label_column is not given: name the column of t.csv to predict: size, y"),
        ("tabular_classification", "sise", "t.csv has no column 'sise' for label_column: did you mean 'size'?"),
        ("tabular_regression", "y", "column 'y' of t.csv holds category values"),
        ("image_classification", "y", "label_column and group_column are for tables"),
    ],
)
def test_what_does_not_fit_the_table_is_refused(task: str, label_column: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("size,y\n1,a\n2,b\n")
    with pytest.raises(InputError) as caught:
        read_dataset(str(tmp_path / "t.csv"), task, tmp_path / "d", label_column)
    assert sentence in str(caught.value)
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "has no image that can be read."),
        ([{}], "has no image that can be read; the first, i.jsonl:1: imageGcsUri: Field required"),
        ([{"imageGcsUri": "a.jpg"}], "no image of"),
    ],
)
def test_data_without_a_usable_image_are_refused(lines: list[dict], sentence: str, tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    with pytest.raises(InputError) as caught:
        read_dataset(write_lines(tmp_path / "i.jsonl", *lines), "object_detection", tmp_path / "d")
    assert sentence in str(caught.value)
    assert not (tmp_path / "d" / "dataset.json").exists()


@pytest.mark.parametrize("source", ["", "nothing.csv", "$(touch x); 'a\"b"])
def test_a_source_that_is_not_there_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file or folder"):
        read_dataset(source, "object_detection", tmp_path / "d")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("ml_use,y\n", "t.csv has no row that can be read."),
        ("ml_use,y\ndev,a\n", "no row that can be read; the first, t.csv:2: ml_use is 'dev'"),
        ("n,y\n1,\n", "no row of t.csv has a label"),
    ],
)
def test_a_table_without_a_usable_row_is_refused(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError) as caught:
        read_dataset(str(tmp_path / "t.csv"), "tabular_classification", tmp_path / "d", "y")
    assert sentence in str(caught.value)


def test_the_page_shows_counts_faults_rejects_and_pictures_and_escapes_names(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    line = detection_line("a.jpg", "test", xMin=0.6)
    line["boundingBoxAnnotations"][0]["displayName"] = "<script>"
    source = write_lines(tmp_path / "i.jsonl", line, detection_line("gone.jpg"))
    read_dataset(source, "object_detection", tmp_path / "d")
    describe_dataset(tmp_path / "d", tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text()
    for part in ("&lt;script&gt;", "box order", "gone.jpg", "unreadable file", "data:image/jpeg;base64,"):
        assert part in html
    assert "<script" not in html


def test_the_page_of_a_table_names_its_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("size,y\n1,4\n2,5\n")
    read_dataset(str(tmp_path / "t.csv"), "tabular_regression", tmp_path / "d", "y")
    describe_dataset(tmp_path / "d", tmp_path / "page.html")
    assert "number, to predict" in (tmp_path / "page.html").read_text()


def open_door(folder: Path, source: Path, label_column: str) -> dsl.Metrics:
    metrics = dsl.Metrics(uri=str(folder / "metrics"))
    import_dataset.python_func(  # pyright: ignore[reportFunctionMemberAccess]
        source=str(source),
        task="tabular_regression",
        dataset=dsl.Dataset(uri=str(folder / "dataset")),
        page=dsl.HTML(uri=str(folder / "page.html")),
        metrics=metrics,
        label_column=label_column,
    )
    return metrics


def test_the_door_gives_dataset_page_and_metrics(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ml_use,size,y\ntrain,1,4\ntest,2,5\n")
    metrics = open_door(tmp_path, tmp_path / "t.csv", "y")
    assert metrics.metadata == json.loads((tmp_path / "metrics").read_text())
    assert (metrics.metadata["items_train"], metrics.metadata["items_test"]) == (1, 1)
    assert Dataset.open(tmp_path / "dataset").counts["train"] == 1
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_the_door_ends_bad_input_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("size,y\n1,4\n")
    with pytest.raises(SystemExit):
        open_door(tmp_path, tmp_path / "t.csv", "z")
    assert "error: t.csv has no column 'z' for label_column: it has size, y" in capsys.readouterr().err
