"""The model repository for Triton, read with Triton's own schema."""

import pytest
from google.protobuf import text_format
from tiny_models import detector, regressor
from tritonclient.grpc.model_config_pb2 import ModelConfig

from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.tensors import Signature, TensorSpec
from graduate.components.onnx_convert.triton import configuration, write_repository


def read(text):
    return text_format.Parse(text, ModelConfig())


def test_a_detector_is_batched_and_takes_images_of_any_size(tmp_path):
    file = detector(tmp_path / "model").onnx
    write_repository(file, tmp_path / "triton")
    written = read((tmp_path / "triton" / "model" / "config.pbtxt").read_text())
    assert (written.backend, written.max_batch_size) == ("onnxruntime", 8)
    assert written.HasField("dynamic_batching")
    (image,) = written.input
    assert (image.name, list(image.dims), image.data_type) == ("image_tensor", [-1, -1, 3], 2)  # TYPE_UINT8
    by_name = {each.name: each for each in written.output}
    assert list(by_name["detection_boxes"].dims)[-1:] in ([4], [-1])
    assert (list(by_name["num_detections"].dims), by_name["num_detections"].HasField("reshape")) == ([1], True)
    assert (tmp_path / "triton" / "model" / "1" / "model.onnx").read_bytes() == file.read_bytes()


def test_a_table_has_an_input_per_column_under_its_own_name(tmp_path):
    written = read(configuration(OnnxFile(regressor(tmp_path / "model").onnx).signature))
    assert {each.name: each.data_type for each in written.input} == {"age": 11, "city": 13}  # TYPE_FP32, TYPE_STRING
    assert [list(each.dims) for each in written.input] == [[1], [1]]


def test_a_graph_of_one_fixed_size_is_not_batched():
    signature = Signature((TensorSpec("x", "int64", (1, 4)),), (TensorSpec("y", "float32", (1,)),))
    written = read(configuration(signature))
    assert (written.max_batch_size, list(written.input[0].dims)) == (0, [1, 4])
    assert not written.HasField("dynamic_batching")


@pytest.mark.parametrize("name", ['a "quoted" column', "Größe (mm)", "back\\slash"])
def test_names_are_kept_whatever_is_in_them(name):
    spec = TensorSpec(name, "float32", (None, 1))
    assert read(configuration(Signature((spec,), ()))).input[0].name == name


def test_labels_go_with_the_probabilities(tmp_path):
    outputs = (TensorSpec("probabilities", "float32", (None, 2)),)
    written = read(configuration(Signature((TensorSpec("x", "float32", (None, 3)),), outputs), has_labels=True))
    assert written.output[0].label_filename == "labels.txt"


def test_an_older_repository_is_replaced(tmp_path):
    old = tmp_path / "triton" / "model" / "labels.txt"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    write_repository(detector(tmp_path / "model").onnx, tmp_path / "triton")
    assert not old.exists()
