import base64
import gzip
import json
import os
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.batch_predict.inputs import lines, listing
from graduate.components.batch_predict.inputs.open import open_source
from graduate.components.batch_predict.records import Record, Source
from graduate.components.data.items import Reject
from graduate.components.errors import InputError
from graduate.components.prediction.examples import serialized
from graduate.components.prediction.predictor import Predictor, open_predictor
from graduate.components.prediction.tfrecord import frame


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """A model of images."""
    return open_predictor(detector(tmp_path_factory.mktemp("detector")).path)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return an_image(tmp_path_factory.mktemp("picture") / "a.png", 4, 3).read_bytes()


def records(source: Source, size: int = 2) -> list[Record]:
    """All of them; the count and the sizes of the chunks are checked, and that they come again alike."""
    chunks = list(source.chunks(size))
    found = [record for chunk in chunks if isinstance(chunk, list) for record in chunk]
    assert source.count == len(found)
    assert [len(chunk) for chunk in chunks[:-1]] == [size] * (len(chunks) - 1)
    assert [record for chunk in source.chunks(100) if isinstance(chunk, list) for record in chunk] == found
    assert len({record.source + record.uri for record in found}) == len(found)
    return found


def said(found: list[Record]) -> list[tuple[str, str, str]]:
    """Key, form, and what is predicted or wrong."""
    return [
        (record.key, record.form, record.uri or record.fault or record.payload.decode(errors="replace"))
        for record in found
    ]


def test_a_folder_gives_its_images_in_order_and_leaves_the_rest_out(images, tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/10.jpeg", "a.png", "b-1.tiff", ".hidden.png", ".room/x.png", "notes.txt", "x.csv", "y"):
        an_image(tmp_path / "in" / "b" / "x.png")
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / "in" / name).write_bytes(b"")
    found = records(open_source(f"{tmp_path}/in/", images))
    names = ["a.png", "b-1.tiff", "b/10.jpeg", "b/2.JPG", "b/x.png"]
    assert said(found) == [(name, "file", str(tmp_path / "in" / name)) for name in names]


def test_a_link_to_nothing_is_a_record_like_any_other(images, tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("nowhere.png")
    (tmp_path / "b.png").symlink_to(an_image(tmp_path / "other" / "c.png"))
    (tmp_path / "linked").symlink_to(tmp_path)
    assert [record.key for record in records(open_source(str(tmp_path), images))] == ["a.png", "b.png", "other/c.png"]


def test_a_remote_folder_is_read_like_a_local_one(images, bucket) -> None:
    for name in ("in/b/2.jpg", "in/a.png", "in/.hidden.png", "in/notes.txt", "in/", "inn/c.png"):
        bucket.blob(name).upload_from_string("x")
    source = open_source("gs://bucket/in", images)
    assert said(records(source)) == [
        ("a.png", "file", "gs://bucket/in/a.png"),
        ("b/2.jpg", "file", "gs://bucket/in/b/2.jpg"),
    ]
    assert said(records(open_source("gs://bucket/in/a.png", images))) == [("a.png", "file", "gs://bucket/in/a.png")]
    assert [key for key, *_ in said(records(open_source("gs://bucket/in*/*.png", images)))] == ["in/a.png", "inn/c.png"]
    bucket.blob("in/notes.txt").upload_from_string("changed")
    assert open_source("gs://bucket/in", images).digest == source.digest
    bucket.blob("in/a.png").upload_from_string("changed")
    assert open_source("gs://bucket/in", images).digest != source.digest


def test_the_digest_follows_names_and_versions(images, tmp_path: Path) -> None:
    first = an_image(tmp_path / "a.png")
    an_image(tmp_path / "b.png")
    digests = [open_source(str(tmp_path), images).digest for _ in range(2)]
    os.utime(first, (1, 1))
    digests.append(open_source(str(tmp_path), images).digest)
    first.rename(tmp_path / "c.png")
    digests.append(open_source(str(tmp_path), images).digest)
    an_image(tmp_path / "d.png")
    digests.append(open_source(str(tmp_path), images).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_a_pattern_stands_for_names_in_its_folder(images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("x/1.png", "x/2.jpg", "x/y/3.png", "z/4.png"):
        an_image(tmp_path / name)
    assert [key for key, *_ in said(records(open_source(f"{tmp_path}/x/*.png", images)))] == ["1.png"]
    assert [key for key, *_ in said(records(open_source(f"{tmp_path}/*/*.png", images)))] == ["x/1.png", "z/4.png"]
    monkeypatch.chdir(tmp_path / "x")
    assert said(records(open_source("*.png", images))) == [("1.png", "file", str(tmp_path / "x" / "1.png"))]


@pytest.mark.parametrize("input", ["x/a.png", "./x/a.png", "x/list.txt", "x/i.jsonl", "x"])
def test_a_relative_path_is_one_from_the_working_folder(
    input: str, images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_image(tmp_path / "x" / "a.png")
    (tmp_path / "x" / "list.txt").write_text("a.png")
    (tmp_path / "x" / "i.jsonl").write_text('{"content": "a.png"}')
    monkeypatch.chdir(tmp_path)
    assert said(records(open_source(input, images))) == [("a.png", "file", str(tmp_path / "x" / "a.png"))]


def test_a_file_may_have_a_star_in_its_name(images, tmp_path: Path) -> None:
    an_image(tmp_path / "a*.png")
    an_image(tmp_path / "ab.png")
    assert len(records(open_source(f"{tmp_path}/a*.png", images))) == 1


def test_a_name_that_is_not_utf8_is_a_bad_record(images, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with open(os.fsencode(tmp_path) + b"/\xff.png", "wb"):
        pass
    good, bad = records(open_source(str(tmp_path), images))
    assert (good.form, bad.form, bad.key) == ("file", "bad", "\\xff.png")
    assert bad.fault == "the file's name is not UTF-8: rename \\xff.png"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_names_files_from_its_own_folder(end: str, images, tmp_path: Path) -> None:
    names = [b"a.png", b"", b"  sub/b.jpg ", b"gs://b/c.jpg", b"/d/e.jpg", b"../f.jpg", b"\xff.jpg", "ü.jpg".encode()]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "list.txt").write_bytes(b"\xef\xbb\xbf" + end.encode().join(names))
    found = records(open_source(f"{tmp_path}/in/list.txt", images))
    assert said(found) == [
        ("a.png", "file", f"{tmp_path}/in/a.png"),
        ("sub/b.jpg", "file", f"{tmp_path}/in/sub/b.jpg"),
        ("gs://b/c.jpg", "file", "gs://b/c.jpg"),
        ("/d/e.jpg", "file", "/d/e.jpg"),
        (f"{tmp_path}/f.jpg", "file", f"{tmp_path}/f.jpg"),
        ("list.txt:7", "bad", "the line is not UTF-8"),
        ("ü.jpg", "file", f"{tmp_path}/in/ü.jpg"),
    ]
    assert found[1].source == "list.txt:3"


def test_a_remote_list_names_files_from_its_own_folder(images, bucket) -> None:
    bucket.blob("in/list.txt").upload_from_string("a.png\n\ngs://other/b.png\n")
    assert said(records(open_source("gs://bucket/in/list.txt", images))) == [
        ("a.png", "file", "gs://bucket/in/a.png"),
        ("gs://other/b.png", "file", "gs://other/b.png"),
    ]


def test_an_import_file_in_csv_gives_each_image_once(images, tmp_path: Path) -> None:
    rows = [
        "training,gs://b/a.jpg,cat,0.1,0.1,,,0.5,0.5,,",
        "gs://b/b.jpg,dog",
        "test,gs://b/a.jpg,dog,0.2,0.2,,,0.6,0.6,,",
        "",
        "c.jpg,cat,not a number,0,,,1,1,,",
        "test,",
        '"broken',
    ]
    (tmp_path / "import.csv").write_text("\n".join(rows))
    found = records(open_source(str(tmp_path / "import.csv"), images))
    assert said(found)[:4] == [
        ("gs://b/a.jpg", "file", "gs://b/a.jpg"),
        ("gs://b/b.jpg", "file", "gs://b/b.jpg"),
        ("c.jpg", "file", f"{tmp_path}/c.jpg"),
        ("import.csv:6", "bad", "no image URI"),
    ]
    assert found[4].fault.startswith("not readable as CSV")
    assert len(found) == 5


def test_instances_and_import_files_in_json_lines(images, tmp_path: Path, picture: bytes) -> None:
    text = base64.b64encode(picture).decode()
    lines = [
        json.dumps({"imageGcsUri": "gs://b/a.jpg", "boundingBoxAnnotations": 5}),
        json.dumps({"imageGcsUri": "sub/b.jpg", "key": "mine"}),
        json.dumps({"content": "gs://b/c.jpg", "mimeType": "image/jpeg"}),
        "",
        json.dumps({"key": 7, "content": text}),
        json.dumps({"b64": text}),
        "{",
        '{"b64": NaN}',
        "[1]",
        json.dumps({"imageGcsUri": 5}),
        json.dumps({"content": "gs:///a.jpg"}),
        json.dumps({"content": "a\0.jpg"}),
        json.dumps({"imageGcsUri": "gs://b/" + "x" * 5000}),
        json.dumps({"content": "data:image/png;base64," + "A" * 5000}),
    ]
    (tmp_path / "r.jsonl").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b'\r\n{"key": "\xff"}')
    found = records(open_source(str(tmp_path / "r.jsonl"), images))
    assert said(found)[:3] == [
        ("gs://b/a.jpg", "file", "gs://b/a.jpg"),
        ("mine", "file", f"{tmp_path}/sub/b.jpg"),
        ("gs://b/c.jpg", "file", "gs://b/c.jpg"),
    ]
    assert [(record.key, record.form) for record in found[3:]] == [
        ("7", "json"),
        ("r.jsonl:6", "json"),
        ("r.jsonl:7", "bad"),
        ("r.jsonl:8", "bad"),
        ("r.jsonl:9", "json"),
        ("r.jsonl:10", "json"),
        ("gs:///a.jpg", "bad"),
        ("a\0.jpg", "bad"),
        ("r.jsonl:13", "bad"),
        ("r.jsonl:14", "json"),
        ("r.jsonl:15", "bad"),
    ]
    assert json.loads(found[3].payload)["content"] == text
    assert "the line is not JSON: unexpected end of data" in found[5].fault


def test_a_line_beyond_the_limit_is_a_bad_record(images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_RECORD_BYTES", 100)
    long = json.dumps({"b64": "A" * 1000})
    (tmp_path / "r.jsonl").write_text(f'{{"b64": "1"}}\n{long}\n{{"b64": "2"}}\n{long}')
    found = records(open_source(str(tmp_path / "r.jsonl"), images))
    assert [(record.form, record.source) for record in found] == [
        ("json", "r.jsonl:1"),
        ("bad", "r.jsonl:2"),
        ("json", "r.jsonl:3"),
        ("bad", "r.jsonl:4"),
    ]
    assert found[1].fault == "the line is longer than 100 bytes"


def test_a_line_of_tens_of_megabytes_is_read(images, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_bytes(b'{"b64": "' + b"A" * 40_000_000 + b'"}\n{"b64": "B"}\n')
    assert [len(record.payload) for record in records(open_source(str(tmp_path / "r.jsonl"), images))] == [
        40_000_011,
        12,
    ]


@pytest.mark.parametrize("name", ["d.tfrecord", "d.TFRECORDS", "d.tfrecord-00001-of-00003", "d.tfrecord.gz"])
def test_tfrecords_hold_image_files_or_examples(name: str, images, tmp_path: Path, picture: bytes) -> None:
    example = serialized({"image/encoded": picture, "key": "mine"})
    data = b"".join(map(frame, (picture, example, serialized({"image": picture}), b"nonsense", b"")))
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    found = records(open_source(str(tmp_path / name), images))
    assert [(record.key, record.form) for record in found] == [
        (f"{name}:1", "image"),
        ("mine", "example"),
        (f"{name}:3", "example"),
        (f"{name}:4", "image"),
        (f"{name}:5", "image"),
    ]
    assert (found[0].payload, found[1].payload) == (picture, example)


def test_a_damaged_tfrecord_spoils_what_it_must(images, tmp_path: Path) -> None:
    data = bytearray(b"".join(map(frame, (b"one", b"two", b"three", b"four"))))
    data[12] ^= 1  # data of the first
    data[2 * len(frame(b"one"))] ^= 1  # length of the third
    (tmp_path / "a.tfrecord").write_bytes(data)
    (tmp_path / "b.tfrecord").write_bytes(frame(b"five")[:-1])
    found = records(open_source(str(tmp_path), images))
    assert [(record.source, record.form) for record in found] == [
        ("a.tfrecord:1", "bad"),
        ("a.tfrecord:2", "image"),
        ("a.tfrecord:3", "bad"),
        ("b.tfrecord:1", "bad"),
    ]
    assert "checksum" in found[0].fault
    assert "41 bytes" in found[2].fault


def test_files_of_one_kind_are_read_in_order(images, bucket) -> None:
    for name in ("2", "10", "sub/1"):
        bucket.blob(f"in/{name}.jsonl").upload_from_string(f'{{"content": "{name}.png"}}\n{{"b64": "A"}}\n')
    bucket.blob("in/README.txt").upload_from_string("about")
    found = records(open_source("gs://bucket/in", images), 4)
    assert [record.source for record in found] == [
        f"{name}.jsonl:{line}" for name in ("10", "2", "sub/1") for line in (1, 2)
    ]
    assert found[4].uri == "gs://bucket/in/sub/sub/1.png"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds nothing that .* takes: give images, lists of files"),
        ({"a.doc": "x", "b": "y"}, "holds nothing that"),
        ({"a.parquet": "x"}, "holds nothing that"),
        ({"a.jsonl": "{}", "b.csv": "x.jpg"}, "holds JSON lines .* and CSV files: give files of one kind"),
        ({"a.jsonl": "\n\n"}, "has no records to predict"),
        ({"dataset.json": "{}"}, "dataset format None"),
    ],
)
def test_a_folder_of_nothing_usable_is_refused_in_a_sentence(files, message: str, images, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        open_source(str(tmp_path), images)


@pytest.mark.parametrize("name", ["nowhere", "gs://bucket/nowhere", "gs://elsewhere/x", "nowhere/*.png", ""])
def test_what_is_not_there_is_said(name: str, images, bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_image(tmp_path / "a.png")  # which an empty input does not stand for
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"cannot be read|holds nothing|is empty"):
        open_source(name, images)


def test_a_data_set_gives_its_splits_in_order_and_its_rejects(images, tmp_path: Path, bucket) -> None:
    items = {split: [an_item(an_image(tmp_path / f"{split}.png", seed=at), split)] for at, split in enumerate("cba")}
    splits = dict(zip(("test", "train", "validation"), items.values(), strict=True))
    folder = image_dataset(tmp_path / "data", splits, rejects=[Reject("import.jsonl:9", "x.png", "bad", "why")])
    source = open_source(str(folder), images)
    found = records(source)
    assert [record.key for record in found] == ["b", "a", "c"]
    assert {record.form for record in found} == {"file"}
    assert found[0].sha256 == splits["train"][0].sha256
    assert [reject["detail"] for reject in source.rejects] == ["why"]
    for file in folder.rglob("*.*"):
        bucket.blob(f"data/{file.relative_to(folder)}").upload_from_filename(str(file))
    remote = open_source("gs://bucket/data", images)
    assert (remote.digest, records(remote)) == (source.digest, found)


def test_a_data_set_of_another_kind_is_refused(images, tmp_path: Path) -> None:
    people = people_dataset(tmp_path / "people", {"test": [1.0]})
    with pytest.raises(InputError, match=r"model for object_detection, but .* is for tabular_regression"):
        open_source(str(people), images)
    an_image(tmp_path / "a.png")
    empty = image_dataset(tmp_path / "empty", {})
    with pytest.raises(InputError, match="has no items to predict"):
        open_source(str(empty), images)


def test_a_listing_takes_less_than_80_bytes_for_a_file(images, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(folder: str):
        for number in range(count):
            yield f"{folder}/split_{number % 3}/image_{number:08d}.jpg", f"{number} 1763700000000000000"

    monkeypatch.setattr(listing.storage, "walk", walk)
    monkeypatch.setattr(listing.storage, "exists", lambda uri: False)
    most = []
    for count in (1000, 31_000):
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        source = open_source("gs://bucket/in", images)
        assert sum(map(len, source.chunks(1000))) == count
        most.append(tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before)
        tracemalloc.stop()
    assert most[1] - most[0] < 30_000 * 80


def test_regressors_do_not_take_images(tmp_path: Path) -> None:
    an_image(tmp_path / "in" / "a.png")
    with pytest.raises(InputError, match="takes: give CSV files, Parquet files, JSON lines"):
        open_source(str(tmp_path / "in"), open_predictor(regressor(tmp_path / "model").path))
