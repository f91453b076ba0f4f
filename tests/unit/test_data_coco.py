import json
from pathlib import Path

import pytest
from tiny_images import write_images

from graduate.components.data.items import Box, Reject, Task
from graduate.components.data.readers.detect import read_records
from graduate.components.data.readers.records import Record


def write_annotations(path: Path, annotations: list[dict], file_name: str = "a.jpg") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [{"id": 7, "file_name": file_name, "width": 40, "height": 20}]
    categories = [{"id": 3, "name": "cat", "supercategory": "animal"}]
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": annotations}))


def annotation(**changes: object) -> dict:
    return {"id": 1, "image_id": 7, "category_id": 3, "bbox": [4, 5, 10, 10], "segmentation": [[1, 2]], **changes}


def records(folder: Path) -> list[Record | Reject]:
    return list(read_records(str(folder), Task.OBJECT_DETECTION).stream)


@pytest.mark.parametrize(
    ("file", "image", "split"),
    [
        ("annotations/instances_train2017.json", "train2017/a.jpg", "train"),
        ("annotations/instances_val.json", "images/val/a.jpg", "validation"),
        ("annotations/instances_default.json", "images/a.jpg", ""),
        ("valid/_annotations.coco.json", "valid/a.jpg", "validation"),
        ("_annotations.coco.json", "a.jpg", ""),
    ],
)
def test_both_layouts_are_read_in_the_split_that_they_name(file: str, image: str, split: str, tmp_path: Path) -> None:
    write_images(tmp_path, image)
    write_annotations(tmp_path / file, [annotation()])
    boxes = (Box("cat", 4, 5, 14, 15),)
    assert records(tmp_path) == [
        Record(image, str(tmp_path / image), f"{file}:images[0]", split, boxes=boxes, in_pixels=True)
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iscrowd": 1}, "crowd"),
        ({"category_id": 4}, "bad_annotation"),
        ({"bbox": [1, 2, 3]}, "bad_annotation"),
        ({"bbox": [1, 2, 3, None]}, "bad_annotation"),
    ],
)
def test_annotations_that_are_no_box_are_rejected_and_the_others_stay(
    changes: dict, reason: str, tmp_path: Path
) -> None:
    write_annotations(tmp_path / "test" / "_annotations.coco.json", [annotation(), annotation(**changes)])
    reject, record = records(tmp_path)
    assert isinstance(reject, Reject)
    assert isinstance(record, Record)
    assert (reject.source, reject.reason) == ("test/_annotations.coco.json:annotations[1]", reason)
    assert len(record.boxes) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"images": []}', "\xff"])
def test_a_file_that_is_not_coco_is_rejected(content: str, tmp_path: Path) -> None:
    (tmp_path / "_annotations.coco.json").write_text(content, encoding="latin-1")
    (reject,) = records(tmp_path)
    assert isinstance(reject, Reject)
    assert (reject.source, reject.reason) == ("_annotations.coco.json", "bad_annotation")
