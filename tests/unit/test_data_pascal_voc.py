from pathlib import Path

import pytest
from tiny_images import write_images

from graduate.components.data.items import Box, Reject, Task
from graduate.components.data.readers.detect import read_records
from graduate.components.data.readers.records import Record
from graduate.components.errors import InputError


def write_xml(path: Path, *boxes: tuple[str, int, int, int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    objects = "".join(
        f"<object><name>{label}</name><part><bndbox><xmin>9</xmin></bndbox></part><bndbox><xmin>{xmin}</xmin>"
        f"<ymin>{ymin}</ymin><xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox></object>"
        for label, xmin, ymin, xmax, ymax in boxes
    )
    path.write_text(f"<annotation><filename>x</filename>{objects}</annotation>")


def records(folder: Path) -> list[Record | Reject]:
    return list(read_records(str(folder), Task.OBJECT_DETECTION).stream)


def devkit(folder: Path, **sets: str) -> Path:
    write_images(folder, "JPEGImages/1.jpg", "JPEGImages/2.jpg", "JPEGImages/3.jpg")
    for name in "123":
        write_xml(folder / "Annotations" / f"{name}.xml", ("cat", 1, 1, 40, 20))
    for name, stems in sets.items():
        path = folder / "ImageSets" / "Main" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(stems))
    return folder


def test_pixels_count_from_one_and_the_last_is_inside(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    write_xml(tmp_path / "a.xml", ("cat", 1, 2, 40, 20), ("dog", 0, 5, 5, 5))
    assert records(tmp_path) == [
        Record(
            "a.jpg",
            str(tmp_path / "a.jpg"),
            "a.xml",
            boxes=(Box("cat", 0, 1, 40, 20), Box("dog", 0, 4, 5, 5)),
            in_pixels=True,
        )
    ]


def test_the_lists_of_the_devkit_give_the_splits(tmp_path: Path) -> None:
    found = records(devkit(tmp_path, train="1", val="2", test="3", trainval="12"))
    assert [(record.id, record.ml_use) for record in found if isinstance(record, Record)] == [
        ("JPEGImages/1.jpg", "train"),
        ("JPEGImages/2.jpg", "validation"),
        ("JPEGImages/3.jpg", "test"),
    ]


def test_trainval_is_training_where_there_is_no_train(tmp_path: Path) -> None:
    found = records(devkit(tmp_path, trainval="12", test="3"))
    assert sorted(record.ml_use for record in found if isinstance(record, Record)) == ["test", "train", "train"]


def test_annotations_in_no_list_and_lists_without_annotation_are_rejected(tmp_path: Path) -> None:
    found = records(devkit(tmp_path, train="129"))
    assert [(reject.source, reject.reason) for reject in found if isinstance(reject, Reject)] == [
        ("ImageSets/Main/train.txt:3", "no_annotation"),
        ("Annotations/3.xml", "not_listed"),
    ]


def test_a_devkit_without_lists_names_no_split(tmp_path: Path) -> None:
    found = records(devkit(tmp_path))
    assert [record.ml_use for record in found if isinstance(record, Record)] == ["", "", ""]


def test_images_and_annotations_without_each_other_are_rejected(tmp_path: Path) -> None:
    write_images(tmp_path, "train/lonely.jpg")
    write_xml(tmp_path / "test" / "lost.xml", ("cat", 1, 1, 2, 2))
    found = [(reject.source, reject.reason, reject.split) for reject in records(tmp_path) if isinstance(reject, Reject)]
    assert found == [("test/lost.xml", "unreadable_file", "test"), ("train/lonely.jpg", "no_annotation", "train")]


@pytest.mark.parametrize(
    ("xml", "detail"),
    [
        ("<annotation>", "no element found"),
        ("<html></html>", "the root element is <html>, not <annotation>"),
        ("<annotation><object><name>a</name></object></annotation>", "xmin is '', not a number"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', "EntitiesForbidden"),
    ],
)
def test_bad_xml_is_rejected(xml: str, detail: str, tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    (tmp_path / "a.xml").write_text(xml)
    (reject,) = records(tmp_path)
    assert isinstance(reject, Reject)
    assert (reject.source, reject.reason) == ("a.xml", "bad_annotation")
    assert detail in reject.detail


def test_the_real_cards_are_read_with_the_split_of_their_folder(shared_datasets: Path) -> None:
    found = records(shared_datasets / "cards" / "images")
    splits = [record.ml_use for record in found if isinstance(record, Record)]
    assert (splits.count("train"), splits.count("test"), len(found)) == (296, 67, 363)


def test_a_folder_of_no_known_format_says_which_are_known(tmp_path: Path) -> None:
    write_images(tmp_path, "a.jpg")
    with pytest.raises(InputError, match=r"holds no data for object_detection: give .* Pascal VOC .* COCO"):
        records(tmp_path)
