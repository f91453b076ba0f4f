"""Other forms of a model: LiteRT in floats and whole numbers, for the Edge TPU, and the backbone alone."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tiny_forms
from ai_edge_litert.interpreter import Interpreter

from graduate.components.data.dataset import Dataset
from graduate.components.models.folder import ModelFolder
from graduate.components.onnx_convert.forms import detection_op, edge_tpu, litert, litert_proof
from graduate.components.onnx_convert.forms.form_proof import FormProof
from graduate.components.onnx_convert.forms.litert_ops import Operation, operations
from graduate.components.onnx_convert.forms.make import make
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.source import Source

Trained = tuple[ModelFolder, Dataset]
Made = tuple[dict[str, FormProof], Path]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return tiny_forms.detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return tiny_forms.classifier(tmp_path_factory.mktemp("classifier"))


def made(model: Path, output: Path, *forms: str, **choices: Any) -> Made:
    return {proof.form: proof for proof in make(forms, Source.open(model), output, **choices)}, output


@pytest.fixture(scope="module")
def of_detector(detector: Trained, tmp_path_factory: pytest.TempPathFactory) -> Made:
    model, data = detector
    forms = ("tflite", "tflite_int8", "edge_tpu", "backbone")
    return made(model.path, tmp_path_factory.mktemp("forms"), *forms, dataset=data, budget=0.5)


@pytest.fixture(scope="module")
def of_classifier(classifier: Trained, tmp_path_factory: pytest.TempPathFactory) -> Made:
    model, data = classifier
    return made(
        model.path, tmp_path_factory.mktemp("forms"), "tflite", "tflite_int8", "edge_tpu", dataset=data, budget=0.5
    )


def interpreter(file: Path) -> Interpreter:
    loaded = Interpreter(model_path=str(file), num_threads=1)
    loaded.allocate_tensors()
    return loaded


def test_a_detector_finds_the_same_with_its_suppression_inside(of_detector: Made, detector: Trained):
    proof = of_detector[0]["tflite"]
    assert proof.accepted, proof.reason
    assert proof.real_data
    assert proof.items == detector[1].counts["test"]
    assert 0 < max(proof.differences.values()) <= 1e-4
    assert (proof.metric, proof.metric_after) == ("ap", pytest.approx(proof.metric_before, abs=1e-3))


def test_a_detector_answers_in_the_order_that_other_runtimes_expect(of_detector: Made):
    outputs = interpreter(of_detector[1] / "model.tflite").get_output_details()
    assert [list(each["shape"]) for each in outputs] == [[1, 100, 4], [1, 100], [1, 100], [1]]


def test_a_detector_in_whole_numbers_takes_the_pixels_as_they_are(of_detector: Made):
    proof, file = of_detector[0]["tflite_int8"], of_detector[1] / "model_int8.tflite"
    assert proof.accepted, proof.reason
    assert proof.metric_before
    assert proof.metric_after
    (given,) = interpreter(file).get_input_details()
    assert (given["dtype"], given["quantization"]) == (np.uint8, (1.0, 0))
    assert file.stat().st_size < (of_detector[1] / "model.tflite").stat().st_size / 2


def test_only_the_suppression_of_a_detector_in_whole_numbers_computes_with_floats(of_detector: Made):
    found = operations((of_detector[1] / "model_int8.tflite").read_bytes())
    assert {each.name for each in found if "float32" in each.dtypes} == {"DEQUANTIZE", detection_op.OPERATOR}


def test_for_an_edge_tpu_the_form_in_whole_numbers_is_checked(of_classifier: Made, of_detector: Made):
    proof = of_classifier[0]["edge_tpu"]
    assert proof.accepted, proof.reason
    assert proof.files == ("model_int8.tflite",)
    assert "edgetpu_compiler model_int8.tflite" in proof.usage
    refused = of_detector[0]["edge_tpu"]  # a feature pyramid repeats pixels
    assert not refused.accepted
    assert refused.reason.endswith("Not for an Edge TPU: TILE.")


def test_what_an_edge_tpu_has_not_is_named():
    def operation(name: str, *dtypes: str, has_fixed_shapes: bool = True) -> Operation:
        return Operation(name, False, frozenset(dtypes), has_fixed_shapes)

    found = [
        operation("CONV_2D", "int8", "int32"),
        operation("HARD_SWISH", "int8"),
        operation("ADD", "float32"),
        operation("RESHAPE", "int8", has_fixed_shapes=False),
    ]
    assert edge_tpu.faults_of(found) == ["ADD of float32", "HARD_SWISH", "RESHAPE of free size"]


def test_the_backbone_alone_gives_the_feature_maps_of_pictures_of_any_size(of_detector: Made, detector: Trained):
    proof = of_detector[0]["backbone"]
    assert proof.accepted, proof.reason
    pixels = np.random.default_rng(0).integers(0, 256, (2, 40, 90, 3), np.uint8)
    found = OnnxFile(of_detector[1] / "backbone.onnx")({"image_tensor": pixels})
    assert [found[f"map_{level}"].shape for level in range(3)] == [(2, 8, 8, 64), (2, 4, 4, 96), (2, 2, 2, 128)]
    model = tf.saved_model.load(str(detector[0].saved_model))
    expected = model.feature_maps(tf.constant(pixels))
    np.testing.assert_allclose(found["map_2"], expected["map_2"].numpy(), rtol=1e-4, atol=1e-4)


def test_nothing_else_is_left(of_detector: Made):
    assert {each.name for each in of_detector[1].iterdir()} == {"model.tflite", "model_int8.tflite", "backbone.onnx"}


def test_a_classifier_gives_probabilities_in_floats_and_in_whole_numbers(of_classifier: Made, classifier: Trained):
    proofs, folder = of_classifier
    assert all(proof.accepted for proof in proofs.values()), proofs
    assert proofs["tflite"].metric_after == 1  # its own answers are the truth
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    model = tf.saved_model.load(str(classifier[0].saved_model))
    expected = model.signatures["serving_default"](tf.constant(pixels))
    run = interpreter(folder / "model.tflite").get_signature_runner()
    found = run(pixels=pixels.astype(np.float32))["probabilities"]
    np.testing.assert_allclose(found, expected["probabilities"].numpy(), atol=1e-6)
    (output,) = interpreter(folder / "model_int8.tflite").get_output_details()
    assert (output["dtype"], output["quantization"]) == (np.uint8, (pytest.approx(1 / 256), 0))


def test_whole_numbers_that_lose_too_much_are_kept_apart(classifier: Trained, tmp_path: Path):
    model, data = classifier
    proofs, _ = made(model.path, tmp_path, "tflite_int8", dataset=data, budget=-1)
    assert not proofs["tflite_int8"].accepted
    assert "points of accuracy" in proofs["tflite_int8"].reason
    assert {each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*.*")} == {"model_int8.tflite"}


def test_whole_numbers_are_calibrated_on_training_pictures_only(
    classifier: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    seen: list[np.ndarray] = []

    def converted(function, owner, samples, outputs_too):
        seen.extend(sample for (sample,) in samples())
        raise litert.RefusedError("enough")

    monkeypatch.setattr(litert, "to_int8", converted)
    model, data = classifier
    made(model.path, tmp_path, "tflite_int8", dataset=data)
    assert len(seen) == data.counts["train"]
    assert {(float(each.min()), float(each.max())) for each in seen} == {(0.0, 255.0)}


def test_without_the_data_set_floats_are_proven_on_made_up_pictures_and_whole_numbers_refused(
    detector: Trained, tmp_path: Path
):
    proofs, _ = made(detector[0].saved_model, tmp_path, "tflite", "tflite_int8", "edge_tpu")
    assert proofs["tflite"].accepted, proofs["tflite"].reason
    assert not proofs["tflite"].real_data
    assert "data set (--dataset)" in proofs["tflite_int8"].reason
    assert not proofs["edge_tpu"].accepted


def test_a_saved_model_that_comes_alone_predicts_what_it_has_not_recorded(classifier: Trained, tmp_path: Path):
    proofs, _ = made(classifier[0].saved_model, tmp_path, "tflite", dataset=classifier[1])
    assert proofs["tflite"].accepted, proofs["tflite"].reason
    assert proofs["tflite"].metric_before == 1  # its own answers are the truth


def test_an_item_that_litert_does_not_answer_is_a_fault(
    classifier: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: Any) -> Any:
        raise RuntimeError("gather index out of bounds")

    monkeypatch.setattr(litert_proof, "answer", broken)
    proofs, _ = made(classifier[0].saved_model, tmp_path, "tflite")
    assert not proofs["tflite"].accepted
    assert "cannot answer an item that TensorFlow answers: gather index" in proofs["tflite"].reason


def test_an_answer_of_another_shape_is_a_fault():
    found = litert_proof.Comparison()
    found.add({"y": np.zeros((1, 3), np.float32)}, {"y": np.zeros((1, 1), np.float32)})
    assert found.fault == "the file's output y is float32 [1, 1], and that of its source float32 [1, 3]"


def test_a_float_form_that_departs_is_refused(detector: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(detection_op, "IOU_THRESHOLD", 0.3)
    proofs, _ = made(detector[0].path, tmp_path, "tflite", dataset=detector[1])
    assert not proofs["tflite"].accepted
    assert "detections have no match" in proofs["tflite"].reason
    assert (tmp_path / "model.tflite").is_file()


def test_a_model_of_the_teams_own_has_no_known_backbone(tmp_path: Path):
    model, _ = tiny_forms.classifier(tmp_path / "model", tiny_forms.own_network())
    proofs, _ = made(model.path, tmp_path / "out", "backbone")
    assert "no known backbone" in proofs["backbone"].reason


class Users(tf.Module):
    """A user's model, with an operation that LiteRT has not if asked for."""

    def __init__(self, is_odd: bool) -> None:
        super().__init__()
        self.kernel = tf.Variable(tf.constant(np.random.default_rng(0).normal(size=(3, 2)), tf.float32))
        self._is_odd = is_odd

    @tf.function(input_signature=[tf.TensorSpec((None, 3), name="rows")])
    def predict(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        found = rows @ self.kernel
        return {"value": tf.math.bessel_i0e(found) if self._is_odd else tf.nn.softmax(found)}


def users(folder: Path, is_odd: bool = False) -> Path:
    module = Users(is_odd)
    tf.saved_model.save(module, str(folder), signatures=module.predict)
    return folder


def test_a_users_model_is_written_one_item_at_a_time_and_has_no_known_parts(tmp_path: Path):
    proofs, out = made(users(tmp_path / "model"), tmp_path / "out", "tflite", "tflite_int8", "backbone")
    assert proofs["tflite"].accepted, proofs["tflite"].reason
    (given,) = interpreter(out / "model.tflite").get_input_details()
    assert list(given["shape"]) == [1, 3]
    assert "models of images" in proofs["tflite_int8"].reason
    assert "no image model of this library" in proofs["backbone"].reason


def test_an_operation_that_litert_has_not_is_named(tmp_path: Path):
    proofs, out = made(users(tmp_path / "model", is_odd=True), tmp_path / "out", "tflite")
    assert proofs["tflite"].reason == "refused: LiteRT has no operator BesselI0e."
    assert not list(out.iterdir())


def test_a_model_of_an_earlier_version_is_to_be_trained_again(classifier: Trained, tmp_path: Path):
    old = shutil.copytree(classifier[0].path, tmp_path / "old")
    shutil.rmtree(old / "saved_model")
    users(old / "saved_model")
    proofs, _ = made(old, tmp_path / "out", "tflite", "backbone")
    assert all("train again" in proof.reason for proof in proofs.values())
