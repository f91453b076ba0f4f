"""One runner from arrays and rows to predictions, with real onnxruntime."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tiny_models import detector, regressor

from graduate.components.errors import InputError
from graduate.components.models.folder import ModelFolder
from graduate.components.models.onnx_runner import OnnxRunner


def a_picture(height: int, width: int, level: int) -> np.ndarray:
    picture = np.full((height, width, 3), level, np.uint8)
    picture[0, 0] = 200
    return picture


def test_boxes_come_in_vertex_order_and_confidences_descend(tmp_path: Path):
    (prediction,) = OnnxRunner(detector(tmp_path / "model")).predict_images([np.full((4, 6, 3), 9, np.uint8)])
    assert prediction["displayNames"] == ["cat", "dog"]
    assert prediction["confidences"] == pytest.approx([1.0, 0.5])
    assert prediction["bboxes"] == [pytest.approx([0.0, 0.4, 0.0, 1.0]), pytest.approx([0.6, 1.0, 0.2, 0.8])]


def test_pictures_of_mixed_sizes_are_predicted_in_order_and_as_if_each_were_alone(tmp_path: Path):
    runner = OnnxRunner(detector(tmp_path / "model"))
    pictures = [a_picture(4, 6, 10), a_picture(4, 6, 60), a_picture(9, 5, 120), a_picture(4, 6, 180)]
    together = runner.predict_images(pictures)
    assert together == [runner.predict_images([picture])[0] for picture in pictures]
    firsts = [prediction["confidences"][0] for prediction in together]
    assert firsts == sorted(firsts)
    assert len(set(firsts)) == 4


def test_rows_become_values_and_a_missing_number_gives_no_number(tmp_path: Path):
    runner = OnnxRunner(regressor(tmp_path / "model"))
    rows = pa.RecordBatch.from_pydict({"city": ["Oslo", "Rome", None, "Oslo"], "age": [10.0, 20.5, 1.0, None]})
    values = [prediction["value"] for prediction in runner.predict_rows(rows)]
    assert values[:3] == [21.0, 41.0, 2.0]
    assert np.isnan(values[3])


def test_an_absent_column_is_named(tmp_path: Path):
    runner = OnnxRunner(regressor(tmp_path / "model"))
    with pytest.raises(InputError, match="'age'"):
        runner.predict_rows(pa.RecordBatch.from_pydict({"city": ["Oslo"]}))


def test_a_class_without_label_is_refused(tmp_path: Path):
    runner = OnnxRunner(detector(tmp_path / "model", labels=["cat"]))
    with pytest.raises(InputError, match=r"class 1, but model\.json names 1 label"):
        runner.predict_images([np.ones((4, 6, 3), np.uint8)])


def test_a_folder_without_onnx_file_says_what_to_do(tmp_path: Path):
    model = detector(tmp_path / "model")
    model.onnx.unlink()
    with pytest.raises(InputError, match="onnx_convert"):
        OnnxRunner(model)


def test_a_broken_onnx_file_is_refused_by_name(tmp_path: Path):
    model = detector(tmp_path / "model")
    model.onnx.write_bytes(b"not a graph")
    with pytest.raises(InputError, match=r"model\.onnx cannot be loaded"):
        OnnxRunner(model)


def test_a_graph_with_other_inputs_than_the_folder_says_is_refused(tmp_path: Path):
    detector(tmp_path / "model")
    (tmp_path / "model" / "model.onnx").rename(tmp_path / "detector.onnx")
    model = regressor(tmp_path / "model")
    (tmp_path / "detector.onnx").replace(model.onnx)
    with pytest.raises(InputError, match="image_tensor"):
        OnnxRunner(ModelFolder.open(model.path))


def test_onnxruntime_writes_nothing_into_the_home_folder(tmp_path: Path):
    model, home = detector(tmp_path / "model"), tmp_path / "home"
    home.mkdir()
    code = (
        "import sys; from graduate.components.prediction.predictor import open_predictor; open_predictor(sys.argv[1])"
    )
    # Where CI is set it is silent by itself.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    subprocess.run([sys.executable, "-c", code, str(model.path)], env={**environment, "HOME": str(home)}, check=True)
    assert list(home.iterdir()) == []
