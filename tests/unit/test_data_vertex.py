import json
from pathlib import Path

import pytest

from graduate.components.data.items import Box, Reject, Task
from graduate.components.data.readers.detect import read_records
from graduate.components.data.readers.records import Record

DETECTION, CLASSIFICATION = Task.OBJECT_DETECTION, Task.IMAGE_CLASSIFICATION


def records(path: Path, content: str | bytes, task: Task) -> list[Record | Reject]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_records(str(path), task).stream)


def only(path: Path, content: str, task: Task) -> Record:
    (record,) = records(path, content, task)
    assert isinstance(record, Record)
    return record


def details(found: list[Record | Reject]) -> list[tuple[str, str]]:
    return [(reject.source, reject.detail) for reject in found if isinstance(reject, Reject)]


def test_csv_rows_of_one_image_are_merged_wherever_they_stand(tmp_path: Path) -> None:
    found = records(
        tmp_path / "i.csv",
        "TRAINING,a.jpg,cat,0.1,0.2,,,0.3,0.4,,\n"
        "TEST,gs://b/c.jpg,dog,0,0,,,1,1,,\n"
        "TRAINING,a.jpg,dog,0.5,0.5,,,0.9,0.9,,\n",
        DETECTION,
    )
    assert found == [
        Record("gs://b/c.jpg", "gs://b/c.jpg", "i.csv:2", "test", boxes=(Box("dog", 0, 0, 1, 1),)),
        Record(
            "a.jpg",
            str(tmp_path / "a.jpg"),
            "i.csv:1",
            "train",
            boxes=(Box("cat", 0.1, 0.2, 0.3, 0.4), Box("dog", 0.5, 0.5, 0.9, 0.9)),
        ),
    ]


def test_csv_boxes_of_four_vertices_are_their_hull(tmp_path: Path) -> None:
    record = only(tmp_path / "i.csv", "a.jpg,cat,0.1,0.2,0.3,0.2,0.3,0.4,0.1,0.4\n", DETECTION)
    assert record.boxes == (Box("cat", 0.1, 0.2, 0.3, 0.4),)


def test_csv_boxes_are_kept_as_given_even_when_reversed(tmp_path: Path) -> None:
    record = only(tmp_path / "i.csv", "a.jpg,cat,0.9,0.2,,,0.3,1.4,,\n", DETECTION)
    assert record.boxes == (Box("cat", 0.9, 0.2, 0.3, 1.4),)


@pytest.mark.parametrize("row", ["TEST,a.jpg,,,,,,,,,", "test,a.jpg"])
def test_csv_images_may_have_no_boxes(row: str, tmp_path: Path) -> None:
    record = only(tmp_path / "i.csv", row, DETECTION)
    assert (record.ml_use, record.boxes) == ("test", ())


def test_csv_images_may_have_several_labels(tmp_path: Path) -> None:
    found = records(
        tmp_path / "i.csv", '\ufeffUNASSIGNED,a.jpg,"big, black",cat\r\n\r\nb.jpg,dog\r\na.jpg,cat\r\n', CLASSIFICATION
    )
    assert [(record.id, record.ml_use, record.labels) for record in found if isinstance(record, Record)] == [
        ("b.jpg", "", ("dog",)),
        ("a.jpg", "", ("big, black", "cat")),
    ]


def test_csv_an_image_in_two_splits_is_two_records(tmp_path: Path) -> None:
    found = records(tmp_path / "i.csv", "TRAIN,a.jpg,cat\nTEST,a.jpg,cat\n", CLASSIFICATION)
    assert [record.ml_use for record in found if isinstance(record, Record)] == ["train", "test"]


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"a.jpg,cat,0.1,0.2,,,x,0.4,,", "a coordinate is 'x', not a number"),
        (b"a.jpg,cat,0.1,0.2,,,nan,0.4,,", "a coordinate is 'nan', not a number"),
        (b"a.jpg,cat,0.1,0.2,0.3,0.4", "a box is LABEL,x_min,y_min,,,x_max,y_max,, or LABEL and four vertices"),
        (b"a.jpg,cat", "a box is LABEL,x_min,y_min,,,x_max,y_max,, or LABEL and four vertices"),
        (b"TRAIN,,cat", "no image URI"),
        (b"a.jpg,c\xe4t,0.1,0.2,,,0.3,0.4,,", "not UTF-8"),
        (b'"a.jpg"x,cat', "not readable as CSV: ',' expected after '\"'"),
    ],
)
def test_csv_bad_rows_are_rejected_by_line_and_the_others_stay(row: bytes, detail: str, tmp_path: Path) -> None:
    found = records(tmp_path / "i.csv", b"good.jpg,,,,,\n" + row + b"\nalso.jpg,,,,,\n", DETECTION)
    assert details(found) == [("i.csv:2", detail)]
    assert len(found) == 3


def test_jsonl_boxes_and_split_are_read(tmp_path: Path) -> None:
    line = {
        "imageGcsUri": "gs://b/a.jpg",
        "boundingBoxAnnotations": [
            {"displayName": "cat", "xMin": 0.1, "yMin": 0.2, "xMax": 0.3, "yMax": 0.4, "annotationResourceLabels": {}},
            {"xMin": 1, "yMin": 0, "xMax": 0, "yMax": 1},
        ],
        "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "Validation", "other": "x"},
    }
    record = only(tmp_path / "i.jsonl", json.dumps(line), DETECTION)
    boxes = (Box("cat", 0.1, 0.2, 0.3, 0.4), Box("", 1, 0, 0, 1))
    assert record == Record("gs://b/a.jpg", "gs://b/a.jpg", "i.jsonl:1", "validation", boxes=boxes)


@pytest.mark.parametrize(
    "annotation",
    [
        {"classificationAnnotation": {"displayName": "cat"}},
        {"classificationAnnotations": [{"displayName": "cat"}]},
    ],
)
def test_jsonl_labels_are_read_in_both_forms(annotation: dict, tmp_path: Path) -> None:
    record = only(tmp_path / "i.jsonl", json.dumps({"imageGcsUri": "a.jpg", **annotation}), CLASSIFICATION)
    assert (record.uri, record.labels, record.ml_use) == (str(tmp_path / "a.jpg"), ("cat",), "")


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"{", "Invalid JSON: EOF"),
        (b"[1]", "Input should be an object"),
        (b'{"imageGcsUri": "c\xe4t.jpg"}', "Invalid JSON: invalid unicode"),
        (b"{}", "imageGcsUri: Field required"),
        (
            b'{"imageGcsUri": "a", "boundingBoxAnnotations": [{"xMin": NaN, "yMin": 0, "xMax": 1, "yMax": 1}]}',
            "boundingBoxAnnotations.0.xMin: Input should be a finite number",
        ),
        (
            b'{"imageGcsUri": "a", "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "dev"}}',
            "dataItemResourceLabels.aiplatform.googleapis.com/ml_use: Value error, "
            "'dev' is none of training, validation, test",
        ),
    ],
)
def test_jsonl_bad_lines_are_rejected_by_line_and_the_others_stay(line: bytes, detail: str, tmp_path: Path) -> None:
    good = b'{"imageGcsUri": "good.jpg"}'
    found = records(tmp_path / "i.jsonl", b"\xef\xbb\xbf" + good + b"\r\n\r\n" + line + b"\r\n" + good, DETECTION)
    ((source, found_detail),) = details(found)
    assert (source, len(found)) == ("i.jsonl:3", 3)
    assert found_detail.startswith(detail)


@pytest.mark.parametrize("name", ["i.csv", "i.jsonl"])
def test_a_blank_file_holds_no_record(name: str, tmp_path: Path) -> None:
    assert records(tmp_path / name, "\n\n", DETECTION) == []
