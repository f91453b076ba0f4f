"""What tells a run whether its inputs have changed."""

import json
from pathlib import Path

import pytest

from graduate.components.errors import InputError
from graduate.pipelines.run_folder import fingerprint


@pytest.fixture
def image(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    file = tmp_path / "images" / "größe, 1.jpg"
    file.write_bytes(b"before")
    return file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("import.csv", 'TRAIN,"images/größe, 1.jpg",cat\n,images/gone.png,dog\n'),
        ("import.jsonl", json.dumps({"imageGcsUri": "images/größe, 1.jpg"}) + "\n"),
        ("import.jsonl", json.dumps({"imageGcsUri": "images/größe, 1.jpg"}, ensure_ascii=False) + "\n"),
        ("import.jsonl", '{"imageGcsUri": "IMAGE"}\n{"imageGcsUri": "gs://bucket/b.jpg"}\n'),
    ],
    ids=["csv", "escaped", "unescaped", "absolute"],
)
def test_a_replaced_image_changes_the_fingerprint_of_the_import_file(name: str, content: str, image: Path) -> None:
    file = image.parents[1] / name
    file.write_text(content.replace("IMAGE", str(image)), encoding="utf-8")
    before = fingerprint(str(file))
    assert fingerprint(str(file)) == before
    image.write_bytes(b"and after")
    assert fingerprint(str(file)) != before


def test_an_image_that_comes_changes_the_fingerprint(image: Path) -> None:
    file = image.parents[1] / "import.csv"
    file.write_text("images/b.PNG,cat\n")
    before = fingerprint(str(file))
    (image.parent / "b.PNG").touch()
    assert fingerprint(str(file)) != before


def test_an_image_that_is_not_listed_changes_nothing(image: Path) -> None:
    file = image.parents[1] / "import.csv"
    file.write_text("images/b.png,cat\n")
    before = fingerprint(str(file))
    image.write_bytes(b"and after")
    assert fingerprint(str(file)) == before


def test_a_file_that_is_written_again_with_the_same_content_has_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n1,2\n")
    before = fingerprint(str(file))
    file.unlink()
    file.write_text("a,b\n1,2\n")
    assert fingerprint(str(file)) == before
    file.write_text("a,b\n1,3\n")
    assert fingerprint(str(file)) != before


def test_a_changed_file_changes_the_fingerprint_of_its_folder(image: Path) -> None:
    before = fingerprint(str(image.parent))
    image.write_bytes(b"and after")
    assert fingerprint(str(image.parent)) != before


@pytest.mark.parametrize("location", ["gs://bucket/data", "gs://bucket/data/import.csv"])
def test_what_is_written_again_in_a_bucket_has_changed(location: str, bucket) -> None:
    bucket.blob("data/import.csv").upload_from_string("a.jpg,cat")
    before = fingerprint(location)
    assert fingerprint(location) == before
    bucket.blob("data/import.csv").upload_from_string("a.jpg,dog")
    assert fingerprint(location) != before


def test_what_is_not_there_is_said_in_a_sentence(bucket) -> None:
    with pytest.raises(InputError, match="gs://bucket/none cannot be read: there is no gs://bucket/none"):
        fingerprint("gs://bucket/none")
