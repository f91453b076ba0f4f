"""`graduate prepare`, on a few pictures."""

import json

import numpy as np
import pytest
import tensorflow as tf
import tiny_models

from graduate.components.batch_predict import material
from graduate.components.batch_predict.pictures import open_pictures, records_of
from graduate.components.errors import InputError
from graduate.pipelines import prepare as room
from graduate.pipelines.prepare import prepare


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    for number in range(5):
        tiny_models.an_image(folder / f"{number}.png", seed=number)
    (folder / "broken.jpg").write_bytes((folder / "0.png").read_bytes()[:300])
    return folder


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("form", ["tfrecord", "jsonl"])
def test_what_is_prepared_is_an_input_with_the_same_keys_and_pixels(tmp_path, images, form, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.setitem(room._FILE_BYTES, form, 15_000)

    prepare(str(images), output=str(out), form=form)

    assert len(_names(out)) > 2  # several files
    before = {record.key: record for record in records_of(open_pictures(str(images)))}
    after = list(records_of(open_pictures(str(out))))
    assert [record.key for record in after] == [f"{number}.png" for number in range(5)]
    for record in after:
        assert np.array_equal(material.pixels(record), material.pixels(before[record.key]))


def test_tensorflow_reads_the_records(tmp_path, images):
    prepare(str(images), output=str(tmp_path / "out"), size="16x12")

    (file,) = (tmp_path / "out").glob("images.tfrecord-*")
    records = [tf.train.Example.FromString(each.numpy()) for each in tf.data.TFRecordDataset(str(file))]
    assert file.name == "images.tfrecord-00000-of-00001"
    assert [each.features.feature["image/width"].int64_list.value[0] for each in records] == [16] * 5


def test_bodies_of_requests_are_files(tmp_path, images, monkeypatch):
    monkeypatch.setattr(room.requests, "MAX_BODY_BYTES", 12_000)

    prepare(str(images), output=str(tmp_path / "out"), form="json-requests")

    names = _names(tmp_path / "out")
    bodies = [json.loads((tmp_path / "out" / name).read_bytes()) for name in names if name.startswith("request-")]
    assert names == ["report.json", *(f"request-{number:05d}-of-00003.json" for number in range(3))]
    assert [each["key"] for body in bodies for each in body["instances"]] == [f"{number}.png" for number in range(5)]


def test_images_in_a_bucket_are_prepared_into_a_bucket(bucket, images):
    for image in images.glob("*.png"):
        bucket.blob(f"images/{image.name}").upload_from_filename(image)

    prepare("gs://bucket/images", output="gs://bucket/out")

    assert [record.key for record in records_of(open_pictures("gs://bucket/out"))] == [f"{n}.png" for n in range(5)]
    assert json.loads(bucket.blob("out/report.json").download_as_bytes())["images"] == 5


def test_bad_images_are_set_aside_and_said(tmp_path, images, capsys):
    prepare(str(images), output=str(tmp_path / "out"), form="jsonl", size="20", quality=80)

    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert (report["images"], report["files"], report["size"], report["quality"]) == (5, 1, "20", 80)
    assert [each["key"] for each in report["set_aside"]] == ["broken.jpg"]
    assert "not a whole image" in report["set_aside"][0]["reason"]
    assert "1 were set aside" in capsys.readouterr().out


def test_a_folder_that_holds_something_is_not_written_to(tmp_path, images):
    with pytest.raises(InputError, match="is not empty"):
        prepare(str(images), output=str(images))


def test_nothing_is_left_where_no_image_is_good(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"no image")

    with pytest.raises(InputError, match=r"no image of .* is good; the first is a.png: not an image"):
        prepare(str(tmp_path / "images"), output=str(tmp_path / "out"))
    assert not _names(tmp_path / "out")


def test_tables_are_refused(tmp_path):
    dataset = tiny_models.people_dataset(tmp_path / "data", {"train": [1.0, 2.0]})

    with pytest.raises(InputError):
        prepare(str(dataset), output=str(tmp_path / "out"))
