from pathlib import Path

import pytest
from storage_server import serving

from graduate.components.data import storage


@pytest.mark.parametrize(
    ("folder", "name", "uri"),
    [
        ("gs://b/d", "x/a.jpg", "gs://b/d/x/a.jpg"),
        ("gs://b/d/", "a.jpg", "gs://b/d/a.jpg"),
        ("/d", "x/../a.jpg", "/d/a.jpg"),
        ("/d", "/e/a.jpg", "/e/a.jpg"),
        ("/d", "gs://b/a.jpg", "gs://b/a.jpg"),
    ],
)
def test_join_resolves_a_name_from_a_folder(folder: str, name: str, uri: str) -> None:
    assert storage.join(folder, name) == uri


def test_relative_names_are_given_inside_the_folder_only() -> None:
    assert storage.relative_name("gs://b/d/x/a.jpg", "gs://b/d") == "x/a.jpg"
    assert storage.relative_name("/d/x/a.jpg", "/d/") == "x/a.jpg"
    assert storage.relative_name("/dx/a.jpg", "/d") == "/dx/a.jpg"


def test_local_files_are_listed_in_order_without_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.txt", "a.txt", ".hidden"):
        (tmp_path / name).write_text("")
    assert storage.list_files(str(tmp_path)) == [str(tmp_path / "a.txt"), str(tmp_path / "b" / "2.txt")]


def test_remote_files_are_read_like_local_ones(bucket) -> None:
    bucket.blob("d/x/a.txt").upload_from_string("one\ntwo\n")
    bucket.blob("dd/b.txt").upload_from_string("")
    assert storage.list_files("gs://bucket/d") == ["gs://bucket/d/x/a.txt"]
    assert storage.read_bytes("gs://bucket/d/x/a.txt") == b"one\ntwo\n"
    with storage.open_binary("gs://bucket/d/x/a.txt") as file:
        assert list(file) == [b"one\n", b"two\n"]
    assert [storage.exists(f"gs://bucket/{name}") for name in ("", "d", "d/x/a.txt", "e")] == [True, True, True, False]


def test_folders_made_by_hand_and_hidden_files_are_not_listed(bucket) -> None:
    for name in ("d/", "d/.hidden", "d/a.txt"):
        bucket.blob(name).upload_from_string("")
    assert storage.list_files("gs://bucket") == ["gs://bucket/d/a.txt"]


def test_a_remote_files_version_changes_when_it_is_written_again(bucket) -> None:
    for name in ("d/a.txt", "d/b.txt", "d/.hidden"):
        bucket.blob(name).upload_from_string("1")
    folder, file = storage.versions("gs://bucket/d"), storage.versions("gs://bucket/d/a.txt")
    bucket.blob("d/a.txt").upload_from_string("2")
    assert [uri for uri, _ in folder] == ["gs://bucket/d/a.txt", "gs://bucket/d/b.txt"]
    assert file == folder[:1]
    assert storage.versions("gs://bucket/d/a.txt") == storage.versions("gs://bucket/d")[:1] != file
    assert storage.versions("gs://bucket/d")[1:] == folder[1:]


def test_what_is_not_there_has_no_version(bucket, tmp_path: Path) -> None:
    for location in ("gs://bucket", "gs://bucket/d", "gs://elsewhere/d", str(tmp_path / "x")):
        with pytest.raises(FileNotFoundError):
            storage.versions(location)


def test_a_missing_bucket_is_a_file_not_found(bucket) -> None:
    with pytest.raises(FileNotFoundError, match="there is no gs://elsewhere/d"):
        storage.list_files("gs://elsewhere/d")


@pytest.mark.parametrize("read", [storage.read_bytes, storage.open_binary])
def test_a_missing_remote_file_is_a_file_not_found(read, bucket) -> None:
    with pytest.raises(FileNotFoundError, match="gs://bucket/nothing"):
        read("gs://bucket/nothing")


def test_writing_atomically_replaces_a_file_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "x"
    with storage.write_atomically(target) as aside:
        aside.write_text("1")
    with storage.write_atomically(target) as aside:
        aside.write_text("2")
        assert target.read_text() == "1"
    assert target.read_text() == "2"
    assert [path.name for path in target.parent.iterdir()] == ["x"]


def test_an_error_while_writing_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")

    def fail_half_way() -> None:
        with storage.write_atomically(tmp_path / "x") as aside:
            aside.write_text("after")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "before"}


@pytest.mark.parametrize("where", ["here", "there"])
def test_what_is_written_once_is_not_written_over(where: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if where == "there":
        request.getfixturevalue("bucket")
    uri = "gs://bucket/d/a.txt" if where == "there" else str(tmp_path / "d" / "a.txt")
    assert storage.write_once(uri, b"one")
    assert not storage.write_once(uri, b"one")
    with pytest.raises(FileExistsError, match="another content"):
        storage.write_once(uri, b"two")
    assert storage.read_bytes(uri) == b"one"


def test_of_a_server_that_fails_now_and_then_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.cloud.storage.retry import DEFAULT_RETRY

    monkeypatch.setattr(DEFAULT_RETRY, "_initial", 0.001)
    with serving(share_of_faults=0.2, seed=1, bucket="b") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
        for number in range(20):
            storage.write_once(f"gs://b/{number}", b"%d" % number)
        assert [storage.read_bytes(f"gs://b/{number}") for number in range(20)] == [b"%d" % n for n in range(20)]
        assert len(storage.list_files("gs://b")) == 20
    assert set(server.faults) == {"503 before", "503 after", "dropped before", "dropped after"}


def test_a_server_that_fails_for_good_is_no_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.cloud.storage.retry import DEFAULT_RETRY

    monkeypatch.setattr(DEFAULT_RETRY, "_timeout", 0.01)
    with serving(share_of_faults=1.0, seed=1, bucket="b") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
        with pytest.raises(storage.StorageUnavailableError, match="gs://b/a could not be read"):
            storage.read_bytes("gs://b/a")
        with pytest.raises(storage.StorageUnavailableError, match="gs://b/a could not be written"):
            storage.write_once("gs://b/a", b"")
