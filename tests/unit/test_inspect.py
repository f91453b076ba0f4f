"""`graduate inspect` says what a model on disk is, without loading it."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import keras
import pytest
import tiny_models
from keras import layers

from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.models.folder import ModelFolder
from graduate.components.models.image_classifier import ExportedClassifier
from graduate.components.models.inspection.inspect_model import inspect_model
from graduate.pipelines.cli import app

LABELS = [f"label {place}" for place in range(12)]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """The model folder of a classifier with 4 x 12 weights."""
    pixels = keras.Input((8, 8, 3))
    network = keras.Model(pixels, layers.Dense(len(LABELS))(layers.GlobalAveragePooling2D()(pixels)))
    model = ModelFolder(
        path=tmp_path_factory.mktemp("model"),
        name="custom classifier",
        task=Task.IMAGE_CLASSIFICATION,
        labels=LABELS,
        framework="tensorflow",
        pretrained="Trained from nothing: no pretrained weights were given.",
        dataset_digests={"train": "a" * 64, "test": "b" * 64},
        input={"kind": "image", "name": "image_tensor", "height": 8, "width": 8},
        metrics={"accuracy": 0.9, "log_loss": 0.25},
        metric_intervals={"accuracy": [0.85, 0.95]},
        parameters={"steps": 200, "best_step": 120, "learning_rate": 0.001},
        seed=7,
    )
    ExportedClassifier(network, 8).save(model.saved_model, LABELS)
    model.save()
    return model


def said(capsys: pytest.CaptureFixture[str], path: Path) -> list[str]:
    app(["inspect", str(path)], result_action="return_value")
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_a_model_folder_is_shown_with_its_lineage(classifier: ModelFolder, capsys: pytest.CaptureFixture[str]):
    lines = said(capsys, classifier.path)
    labels = ", ".join(LABELS[:10])
    assert lines[:11] == [
        "custom classifier",
        "task image classification",
        f"labels 12: {labels}, ...",
        "input images of any size, resized to 8 x 8 pixels (bilinear, aspect ratio not kept), RGB, -1 to 1",
        "trained with tensorflow",
        "started from Trained from nothing: no pretrained weights were given.",
        "data train aaaaaaaaaaaa, test bbbbbbbbbbbb",
        "seed 7",
        "settings steps 200, best step 120, learning rate 0.001",
        "on the test split accuracy 0.9 (0.85 to 0.95), log loss 0.25",
        f"exported by graduate {version('graduate')}",
    ]


def test_a_saved_model_is_shown_with_its_signatures(classifier: ModelFolder, capsys: pytest.CaptureFixture[str]):
    lines = said(capsys, classifier.saved_model)
    assert lines[:2] == ["saved_model", "task image classification"]
    graph = next(place for place, line in enumerate(lines) if line.startswith("SavedModel"))
    assert "48 weights" in lines[graph]
    assert lines[graph + 1 :] == [
        "encoded_image_string_tensor",
        "in encoded_image_string_tensor string [-1]",
        "image_tensor",
        "in image_tensor uint8 [-1, -1, -1, 3]",
        "serving_default",
        "in image_tensor uint8 [-1, -1, -1, 3]",
        "tf_example_string_tensor",
        "in tf_example_string_tensor string [-1]",
        "all of them",
        "out probabilities float32 [-1, 12]",
    ]


def test_an_onnx_file_is_shown_with_its_inputs_and_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = tiny_models.regressor(tmp_path)
    lines = said(capsys, model.onnx)
    assert lines[2].startswith(f"ONNX {model.onnx} (")
    assert lines[-4:] == ["tiny", "in age float32 [-1, 1]", "in city string [-1, 1]", "out value float32 [-1, -1]"]
    assert "input 2 columns: age (number), city (category)" in said(capsys, model.path)


def test_the_label_with_several_lines_stays_in_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    model = tiny_models.detector(tmp_path, labels=["a\nb", "c"])
    assert "labels 2: a b, c" in said(capsys, model.path)


def test_looking_does_not_wait_for_tensorflow(classifier: ModelFolder):
    program = f"import sys; from graduate.pipelines.cli import app; app(['inspect', {str(classifier.path)!r}], "
    program += "result_action='return_value'); print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("nothing", None, "nothing is no model: give a model folder"),
        ("notes.txt", b"hello", "notes.txt is no ONNX file"),
        ("model.json", b"{}", "model.json is no ONNX file"),
        ("model.onnx", b"", "model.onnx is no ONNX file, or a damaged one"),
        ("m/saved_model.pb", b"hello", "m is a damaged SavedModel"),
        ("m/saved_model.pb", b"", "m is a damaged SavedModel"),
        ("m/model.json", b"{}", "not a model of this version"),
    ],
)
def test_what_is_no_model_is_said_in_a_sentence(tmp_path: Path, name: str, content: bytes | None, wrong: str):
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with pytest.raises(InputError, match=wrong):
        inspect_model(path.parent if path.parent.name == "m" else path)
