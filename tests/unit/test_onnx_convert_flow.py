"""The whole conversion of SavedModels: what is written where, and what is refused before any work."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import tensorflow as tf

from graduate.components.errors import InputError
from graduate.components.onnx_convert.convert import NotProvenError, convert
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.pipelines import cli


class Dense(tf.Module):
    """A dense layer and its softmax; with `resize`, pictures are shrunk by a method that tf2onnx gets wrong."""

    def __init__(self, trained: bool = True, resize: str = ""):
        super().__init__()
        scale = 1.0 if trained else 0.0
        self.kernel = tf.Variable(scale * np.random.default_rng(0).standard_normal((48, 5)), dtype=tf.float32)
        self._resize = resize

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.float32, name="picture")])
    def predict(self, picture):
        """Probabilities of five classes."""
        small = tf.image.resize(picture, (3, 3), method=self._resize) if self._resize else picture
        small = tf.image.resize(small, (4, 4), method="nearest") / 255.0
        return {"probabilities": tf.nn.softmax(tf.reshape(small, (-1, 48)) @ self.kernel)}


def saved(folder: Path, **settings) -> Path:
    module = Dense(**settings)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.predict})
    return folder


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("converted")
    return folder / "out", convert(saved(folder / "model"), folder / "out")


def test_a_saved_model_of_the_users_is_proven_without_a_data_set(converted):
    out, certificate = converted
    assert certificate["proven"]
    assert certificate == json.loads((out / "parity.json").read_text())
    assert {each.name for each in out.iterdir()} == {"model.onnx", "parity.json", "page.html", "triton"}
    assert OnnxFile(out / "model.onnx").signature.inputs[0].shape == (None, 8, 8, 3)


def test_the_proof_says_that_it_is_weaker_on_inputs_made_up(converted):
    out, certificate = converted
    assert any("made up" in each for each in certificate["weaknesses"])
    assert "made up" in (out / "page.html").read_text()


def test_logits_are_compared_and_not_only_what_softmax_leaves_of_them(converted):
    _, certificate = converted
    inner = [each for each in certificate["tensors"]["outputs"] if each["inner"]]
    assert inner, certificate["tensors"]["outputs"]


def test_latency_size_and_digests_are_in_the_certificate(converted):
    out, certificate = converted
    assert certificate["tensorflow_ms"] > 0
    assert certificate["onnx_fp32_ms"] > 0
    assert certificate["bytes"] == (out / "model.onnx").stat().st_size
    assert len(certificate["source"]["model"]) == len(certificate["onnx"]["sha256"]) == 64


def test_the_file_says_where_it_comes_from(converted):
    out, certificate = converted
    properties = {each.key: each.value for each in onnx.load(out / "model.onnx").metadata_props}
    assert json.loads(properties["source_digests"])["model"] == certificate["source"]["model"]


def test_what_tf2onnx_gets_silently_wrong_is_refused_and_the_node_named(tmp_path, capsys):
    model = saved(tmp_path / "model", resize="area")
    code = run(["component", "onnx_convert", "--saved-model", str(model), "--output", str(tmp_path / "out")])
    assert code == 65
    assert "esize" in capsys.readouterr().err
    assert not (tmp_path / "out" / "model.onnx").exists()
    assert (tmp_path / "out" / "unproven" / "model.onnx").exists()
    assert "Not proven" in (tmp_path / "out" / "page.html").read_text()


def test_an_untrained_model_proves_nothing(tmp_path):
    with pytest.raises(NotProvenError):
        convert(saved(tmp_path / "model", trained=False), tmp_path / "out")


def test_what_an_earlier_conversion_has_proven_stays_where_a_later_one_breaks_off(tmp_path):
    model, out = saved(tmp_path / "model"), tmp_path / "out"
    certificate = convert(model, out)
    with pytest.raises(InputError, match="no signature"):
        convert(model, out, signature="servin_default")
    assert json.loads((out / "parity.json").read_text()) == certificate
    assert (out / "model.onnx").is_file()
    assert not (out / "unproven").exists()


@pytest.mark.parametrize(("made", "sentence"), [("out", "is a file"), ("out/notes.txt", "no conversion has written")])
def test_nothing_of_the_users_is_replaced(tmp_path, made, sentence):
    (tmp_path / made).parent.mkdir(exist_ok=True)
    (tmp_path / made).write_text("mine")
    with pytest.raises(InputError, match=sentence):
        convert(saved(tmp_path / "model"), tmp_path / "out")
    assert (tmp_path / made).read_text() == "mine"


def test_a_proven_model_ends_with_exit_code_0_and_replaces_what_an_earlier_conversion_left(tmp_path):
    out = tmp_path / "out"
    (out / "unproven").mkdir(parents=True)
    (out / "unproven" / "model.onnx").write_text("old")
    (out / "model.json").write_text("{}")
    model = saved(tmp_path / "model")
    assert run(["component", "onnx_convert", "--saved-model", str(model), "--output", str(out)]) == 0
    assert not (out / "unproven").exists()
    assert not (out / "model.json").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"opset": 9}, "opset 9 is not supported"),
        ({"budget": float("nan")}, "a budget of nan is no share"),
        ({"precision": "int4"}, "there is no precision 'int4'"),
        ({"precision": "int8"}, "needs|takes"),
        ({"forms": "tflite,pickle"}, "there is no form 'pickle'"),
        ({"signature": "other"}, "no signature 'other', but serving_default"),
    ],
)
def test_what_cannot_be_had_is_refused_in_a_sentence(tmp_path, settings, sentence):
    with pytest.raises(InputError, match=sentence):
        convert(saved(tmp_path / "model"), tmp_path / "out", **settings)


@pytest.mark.parametrize("output", ["a/model", "a/other/../model", "a", "a/model/onnx"])
def test_the_source_is_not_overwritten(tmp_path, output):
    model = saved(tmp_path / "a" / "model")
    with pytest.raises(InputError, match="lie in one another"):
        convert(model, tmp_path / output)
    assert {each.name for each in (tmp_path / "a").iterdir()} == {"model"}


class Fixed(tf.Module):
    """Takes two rows at a time, and a factor."""

    kernel = tf.constant(np.random.default_rng(0).standard_normal((5, 3)), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((2, 5), name="rows"), tf.TensorSpec((), name="factor")])
    def predict(self, rows, factor):
        return {"scores": factor * (rows @ self.kernel)}


def test_a_model_of_a_fixed_batch_is_timed_as_it_is(tmp_path):
    module = Fixed()
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.predict})
    certificate = convert(tmp_path / "model", tmp_path / "out")
    assert certificate["proven"]
    assert certificate["onnx_fp32_ms"] > 0


def test_the_digest_of_a_saved_model_is_what_sha256sum_gives(converted, tmp_path):
    _, certificate = converted
    model = saved(tmp_path / "model")
    lines = "".join(
        f"{hashlib.sha256((model / path).read_bytes()).hexdigest()}  {path}\n"
        for path in sorted(each.relative_to(model).as_posix() for each in model.rglob("*") if each.is_file())
    )
    again = convert(model, tmp_path / "out")
    assert again["source"]["model"] == hashlib.sha256(lines.encode()).hexdigest()
    assert again["onnx"] == again["onnx_fp32"]
    assert certificate["onnx"]["opset"] == again["onnx"]["opset"] == 18


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="neither a SavedModel"):
        convert(tmp_path, tmp_path / "out")


def run(arguments: list[str]) -> int:
    """The command's exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["graduate", *arguments])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
    return 0
