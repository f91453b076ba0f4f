"""Models from a path or from Cloud Storage."""

from pathlib import Path

import pytest
from tiny_models import detector

from graduate.components.errors import InputError
from graduate.components.prediction.fetch import fetch_model
from graduate.components.prediction.predictor import open_predictor


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = detector(tmp_path / "cats").path
    for name in ("saved_model/saved_model.pb", "triton/model/1/model.onnx", "members/0/model.onnx"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"")
    return folder


def test_what_is_on_this_machine_stays_where_it_is(model: Path, tmp_path: Path):
    assert fetch_model(str(model), tmp_path / "into") == model
    assert not (tmp_path / "into").exists()


def test_a_remote_folder_is_copied_without_what_no_prediction_reads(model: Path, tmp_path: Path, bucket):
    for file in model.rglob("*"):
        if file.is_file():
            bucket.blob(f"models/{file.relative_to(tmp_path)}").upload_from_filename(str(file))
    copy = fetch_model("gs://bucket/models/cats/", tmp_path / "into")
    found = sorted(str(file.relative_to(copy)) for file in copy.rglob("*") if file.is_file())
    assert found == ["members/0/model.onnx", "model.json", "model.onnx"]
    assert open_predictor(copy).labels == ["cat", "dog"]


def test_an_onnx_file_alone_is_found_by_its_name_or_by_its_folder(tmp_path: Path, bucket):
    for name in ("m/net.onnx", "m/net.onnx.data"):
        bucket.blob(name).upload_from_string(name)
    for uri in ("gs://bucket/m/net.onnx", "gs://bucket/m"):
        file = fetch_model(uri, tmp_path / uri[-3:])
        assert (file.name, file.read_text()) == ("net.onnx", "m/net.onnx")
        assert file.with_name("net.onnx.data").read_text() == "m/net.onnx.data"


def test_what_is_not_there_is_said(tmp_path: Path, bucket):
    for uri in ("gs://bucket/nothing", "gs://elsewhere/m", str(tmp_path / "nothing")):
        with pytest.raises(InputError, match=f"the model {uri} cannot be read"):
            fetch_model(uri, tmp_path / "into")
