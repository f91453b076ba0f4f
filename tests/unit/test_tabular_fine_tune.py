"""The Keras network for tables: what it learns, how it is exported, and its conversion to ONNX."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import tensorflow as tf
import tiny_tables
import tiny_texts

from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.tabular import fine_tune_tabular, make_recipe
from graduate.components.fine_tune.tabular_network import PiecewiseLinear
from graduate.components.models import history, predictions
from graduate.components.models.columns import column_tensors, signature_names
from graduate.components.models.folder import ModelFolder
from graduate.components.onnx_convert.to_onnx import convert_saved_model

Trained = tuple[Dataset, ModelFolder]
STEPS = 300


@pytest.fixture(scope="module")
def classified(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("classified")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_CLASSIFICATION)
    baseline = train_tabular_baseline(data, folder / "baseline")
    return data, fine_tune_tabular(data, baseline, folder / "model", STEPS, seed=0)


@pytest.fixture(scope="module")
def regressed(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("regressed")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_REGRESSION, {"train": 300, "test": 60})
    return data, fine_tune_tabular(data, None, folder / "model", STEPS, seed=0)


def tensors(model: ModelFolder, data: Dataset) -> dict[str, Any]:
    """The test split as inputs of the SavedModel."""
    assert model.input["kind"] == "columns"
    columns = model.input["columns"]
    names = signature_names(columns)
    return {names[name]: values for name, values in column_tensors(data.table("test"), columns).items()}


def test_it_learns_from_numbers_dates_and_categories(classified, regressed):
    assert classified[1].metrics["accuracy"] > 0.7
    assert regressed[1].metrics["r2"] > 0.7


def test_it_takes_the_columns_of_the_baseline(classified):
    model = classified[1]
    assert model.input["kind"] == "columns"
    assert [each["name"] for each in model.input["columns"]] == ["Mean radius (mm)", "opened", "city", "member"]
    assert model.labels == ["little", "much", "some"]


def test_its_training_curve_falls(classified):
    curve = [value for _, value in history.read(classified[1].path)["validation_loss"]]
    assert min(curve) < 0.5 * curve[0]


def test_its_saved_model_converts_to_onnx_with_the_same_numbers(tmp_path, regressed):
    data, model = regressed
    convert_saved_model(model.saved_model, tmp_path / "model.onnx")
    (found,) = ort.InferenceSession(tmp_path / "model.onnx").run(None, tensors(model, data))
    signature: Any = tf.saved_model.load(str(model.saved_model)).signatures["serving_default"]
    (expected,) = signature(**{name: tf.constant(values) for name, values in tensors(model, data).items()}).values()
    assert np.asarray(found).dtype == np.float32
    np.testing.assert_allclose(np.asarray(found), expected.numpy(), atol=1e-4)


def test_it_answers_for_values_it_has_never_seen(classified):
    data, model = classified
    one = {name: values[:1].copy() for name, values in tensors(model, data).items()}
    one["city"][:] = "Atlantis"
    one["mean_radius_mm"][:] = 1e30
    one["opened"][:] = np.nan
    signature: Any = tf.saved_model.load(str(model.saved_model)).signatures["serving_default"]
    found = signature(**{name: tf.constant(values) for name, values in one.items()})["probabilities"].numpy()
    assert found.sum() == pytest.approx(1, abs=1e-5)


def test_the_same_seed_gives_the_same_predictions(tmp_path):
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_REGRESSION)
    first, second = (fine_tune_tabular(data, None, tmp_path / name, 30, seed=3) for name in ("first", "second"))
    found = [dict(predictions.read(model.predictions("test"))) for model in (first, second)]
    assert found[0] == found[1]
    assert len(found[0]) == data.counts["test"]


def test_a_table_without_informative_columns_is_refused(tmp_path: Path):
    columns = [Column("x", ColumnType.NUMBER), tiny_tables.label_column(Task.TABULAR_REGRESSION, "y")]
    rows = [{"x": 1.0, "y": float(place)} for place in range(40)]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_REGRESSION, columns, rows, {"train": 30, "test": 10})
    with pytest.raises(InputError, match="no column to learn from"):
        fine_tune_tabular(data, None, tmp_path / "m", 1, seed=0)


def test_texts_are_left_to_the_baseline(tmp_path: Path):
    sizes = {"train": 60, "validation": 10, "test": 10}
    model = fine_tune_tabular(tiny_texts.remarks(tmp_path / "d", sizes), None, tmp_path / "m", 5, seed=0)
    assert model.input["kind"] == "columns"
    assert [column["name"] for column in model.input["columns"]] == ["stars"]
    only_texts = tiny_texts.remarks(tmp_path / "t", sizes, tiny_texts.COLUMNS[:1])
    with pytest.raises(InputError, match="does not read texts"):
        fine_tune_tabular(only_texts, None, tmp_path / "n", 5, seed=0)


def test_default_steps_grow_with_the_table_within_bounds():
    small, large, huge = (make_recipe(rows, train_steps=0, seed=0) for rows in (100, 10_000, 10_000_000))
    assert small.batch_size == 16
    assert (small.steps, large.steps, huge.steps) == (2_000, 2_400, 20_000)
    assert make_recipe(100, train_steps=5, seed=0).steps == 5


def test_numbers_are_placed_between_quantiles():
    encode = PiecewiseLinear([[0.0, 1.0, 1.0, 3.0]])
    found = np.asarray(encode(np.array([[-5], [0.5], [2], [9], [np.nan]], np.float32)))
    # The second bin is empty.
    np.testing.assert_array_equal(found, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0.5], [1, 0, 1], [0, 0, 0]])
