"""`graduate predict --local`, on tiny models."""

import io
import json
import sys
from base64 import b64encode

import pytest
import tiny_models

from graduate.components.errors import InputError
from graduate.components.online.model import load
from graduate.components.online.settings import Settings
from graduate.pipelines.predict_local import predict


@pytest.fixture
def model(tmp_path):
    return str(tiny_models.detector(tmp_path / "detector").path)


def test_what_is_printed_is_what_the_server_answers(tmp_path, model, capsys):
    image = tiny_models.an_image(tmp_path / "a.png")
    instances = [{"b64": b64encode(image.read_bytes()).decode()}] * 2
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"instances": instances, "parameters": {"max_predictions": 1}}))

    predict(model, str(request), local=True, json=True)

    answered = load(Settings(model=model)).answer(request.read_bytes()).body
    assert json.loads(capsys.readouterr().out) == json.loads(answered)


def test_images_instances_and_standard_input_are_predicted_together(tmp_path, model, capsys, monkeypatch):
    image = tiny_models.an_image(tmp_path / "a.png")
    instance = tmp_path / "instance.json"
    instance.write_text(json.dumps({"image_tensor": [[[255, 0, 0]]]}))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(image.read_bytes())))

    predict(model, str(image), str(instance), "-", local=True, json=True, max_predictions=1)

    first, second, third = json.loads(capsys.readouterr().out)["predictions"]
    assert first == third
    assert first["displayNames"] == ["cat"]
    assert second["confidences"] == [pytest.approx(1 / 3)]


def test_the_table_names_files_labels_and_boxes(tmp_path, model, capsys):
    predict(model, str(tiny_models.an_image(tmp_path / "a.png")), local=True)

    lines = capsys.readouterr().out.splitlines()
    assert any({"a.png", "cat", "0.000", "0.400", "1.000"} <= set(line.split()) for line in lines)
    assert any({"dog", "0.600", "0.200", "0.800"} <= set(line.split()) for line in lines)


def test_rows_of_a_table_are_predicted_too(tmp_path, capsys):
    model = tiny_models.regressor(tmp_path / "regressor").path
    row = tmp_path / "row.json"
    row.write_text('{"age": 20, "city": "Oslo"}')

    predict(str(model), str(row), local=True)

    assert "41" in capsys.readouterr().out


def test_a_failed_instance_is_shown_and_then_said(tmp_path, model, capsys):
    good, bad = tiny_models.an_image(tmp_path / "a.png"), tmp_path / "b.png"
    bad.write_bytes(good.read_bytes()[:300])

    with pytest.raises(InputError, match=r"1 of 2 failed; b.png: not a whole image"):
        predict(model, str(good), str(bad), local=True)
    assert "cat" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b'{"instances": 3}', "no list of instances"), (b"\xef\xbb\xbf{nothing", "neither an image nor JSON")],
)
def test_a_request_that_is_refused_is_said_with_its_file(tmp_path, model, content, sentence):
    (tmp_path / "request.json").write_bytes(content)

    with pytest.raises(InputError, match=rf"request.json.*{sentence}"):
        predict(model, str(tmp_path / "request.json"), local=True)


def test_what_the_server_would_not_take_is_refused(tmp_path, model):
    (tmp_path / "large.bmp").write_bytes(bytes(8_000_000))

    with pytest.raises(InputError, match="at most 10,485,760 are served"):
        predict(model, str(tmp_path / "large.bmp"), local=True)


def test_where_it_is_predicted_has_to_be_said(model):
    with pytest.raises(InputError, match="give --local"):
        predict(model, "a.png")
    with pytest.raises(InputError, match="give an image"):
        predict(model, local=True)
