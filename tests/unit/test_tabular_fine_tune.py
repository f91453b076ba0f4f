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
from graduate.components.fine_tune.settings.config import Augmentation, FineTuneConfig
from graduate.components.fine_tune.settings.read import read_config
from graduate.components.fine_tune.tasks.tabular import fine_tune_tabular
from graduate.components.fine_tune.tasks.tabular_defaults import with_table_defaults
from graduate.components.fine_tune.tasks.tabular_encoding import PiecewiseLinear
from graduate.components.fine_tune.tasks.tabular_learner import TableLearner
from graduate.components.models import history, predictions
from graduate.components.models.columns import column_tensors, signature_names
from graduate.components.models.folder import ModelFolder
from graduate.components.onnx_convert.export.to_onnx import convert_saved_model

Trained = tuple[Dataset, ModelFolder]
STEPS = 300


def trained(data: Dataset, output: Path, baseline: ModelFolder | None = None, place: str = "", **levers) -> ModelFolder:
    return fine_tune_tabular(data, baseline, output, FineTuneConfig(**levers), place, "")


@pytest.fixture(scope="module")
def classified(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("classified")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_CLASSIFICATION)
    baseline = train_tabular_baseline(data, folder / "baseline")
    return data, trained(data, folder / "model", baseline, num_steps=STEPS)


@pytest.fixture(scope="module")
def regressed(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("regressed")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_REGRESSION, {"train": 300, "test": 60})
    return data, trained(data, folder / "model", num_steps=STEPS)


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
    assert min(curve) < 0.6 * curve[0]


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
    first, second = (trained(data, tmp_path / name, num_steps=30, seed=3) for name in ("first", "second"))
    found = [dict(predictions.read(model.predictions("test"))) for model in (first, second)]
    assert found[0] == found[1]
    assert len(found[0]) == data.counts["test"]


def test_a_table_without_informative_columns_is_refused(tmp_path: Path):
    columns = [Column("x", ColumnType.NUMBER), tiny_tables.label_column(Task.TABULAR_REGRESSION, "y")]
    rows = [{"x": 1.0, "y": float(place)} for place in range(40)]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_REGRESSION, columns, rows, {"train": 30, "test": 10})
    with pytest.raises(InputError, match="no column to learn from"):
        trained(data, tmp_path / "m", num_steps=1)


def test_texts_are_left_to_the_baseline(tmp_path: Path):
    sizes = {"train": 60, "validation": 10, "test": 10}
    model = trained(tiny_texts.remarks(tmp_path / "d", sizes), tmp_path / "m", num_steps=5)
    assert model.input["kind"] == "columns"
    assert [column["name"] for column in model.input["columns"]] == ["stars"]
    only_texts = tiny_texts.remarks(tmp_path / "t", sizes, tiny_texts.COLUMNS[:1])
    with pytest.raises(InputError, match="does not read texts"):
        trained(only_texts, tmp_path / "n", num_steps=5)


def test_default_steps_grow_with_the_table_within_bounds():
    small, large, huge = (with_table_defaults(FineTuneConfig(), rows, 2) for rows in (100, 10_000, 10_000_000))
    assert small.batch_size == 16
    assert (small.num_steps, large.num_steps, huge.num_steps) == (2_000, 2_400, 20_000)
    assert small.evaluate_every == 7  # once a pass
    assert with_table_defaults(FineTuneConfig(num_steps=5), 100, 2).num_steps == 5


@pytest.mark.parametrize(
    "levers",
    [
        {"architecture": "mobilenet_v2"},
        {"image_size": 320},
        {"fine_tune_checkpoint": "imagenet"},
        {"unfreeze_at_step": 10},
        {"freeze_batch_norm": True},
        {"augmentation": Augmentation(horizontal_flip=True)},
        {"validation_share": 0.2},
        {"mixed_precision": "bfloat16"},
    ],
)
def test_levers_of_images_are_refused_by_name(levers):
    (name,) = levers
    with pytest.raises(InputError, match=f"{name} is a lever for images, and this is a table"):
        with_table_defaults(FineTuneConfig(**levers), 100, 2)


def test_another_number_of_classes_than_the_datas_is_refused():
    assert with_table_defaults(FineTuneConfig(num_classes=3), 100, 3).num_classes == 3
    with pytest.raises(InputError, match="num_classes is 2, but the data has 3 labels"):
        with_table_defaults(FineTuneConfig(num_classes=2), 100, 3)


@pytest.mark.parametrize("function", ["build_model(num_outputs, image_size)", "augment(images, targets, draws)"])
def test_own_functions_that_a_table_has_no_use_for_are_refused(tmp_path: Path, function: str):
    (tmp_path / "mine.py").write_text(f"def {function}: ...\n")
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_REGRESSION)
    with pytest.raises(InputError, match=f"has a function {function.split('(')[0]}, but"):
        trained(data, tmp_path / "m", module=str(tmp_path / "mine.py"))


def test_own_metrics_of_numbers_are_in_the_labels_unit(tmp_path: Path):
    source = "def metrics(targets, outputs): return {'top': targets.max(), 'guess': outputs['logits'].mean()}\n"
    (tmp_path / "mine.py").write_text(source)
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_REGRESSION)
    model = trained(data, tmp_path / "m", module=str(tmp_path / "mine.py"), num_steps=30)
    spends = data.table("validation")["spends"].to_numpy()
    curves = history.read(model.path)
    assert curves["validation_top"][-1][1] == pytest.approx(spends.max(), rel=1e-5)
    assert curves["validation_guess"][-1][1] == pytest.approx(spends.mean(), rel=0.5)


def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, monkeypatch):
    data = tiny_tables.visitors(tmp_path / "data", Task.TABULAR_REGRESSION)
    levers = {"num_steps": 40, "evaluate_every": 10, "checkpoint_every": 7, "ema_decay": 0.9}
    undisturbed = trained(data, tmp_path / "undisturbed", **levers)

    validate = TableLearner.validate
    calls = iter(range(4))

    def die(learner: TableLearner) -> dict[str, float]:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return validate(learner)

    monkeypatch.setattr(TableLearner, "validate", die)
    with pytest.raises(KeyboardInterrupt):
        trained(data, tmp_path / "stopped", place=str(tmp_path / "place"), **levers)
    monkeypatch.setattr(TableLearner, "validate", validate)
    resumed = trained(data, tmp_path / "resumed", place=str(tmp_path / "place"), **levers)

    assert resumed.parameters["resumed_from"] == 28
    assert resumed.parameters["best_step"] == undisturbed.parameters["best_step"]
    # Dropout goes on where it was, or the weights would differ.
    found = [dict(predictions.read(model.predictions("test"))) for model in (undisturbed, resumed)]
    assert found[0] == found[1]


def test_what_a_training_was_is_in_its_model_folder(classified):
    model = classified[1]
    levers, _ = read_config(str(model.config))
    assert (levers.num_steps, levers.batch_size, levers.num_classes) == (STEPS, 16, 3)
    assert model.parameters["warm_start"].startswith("Of the baseline's hyperparameters none is a network's (")
    assert not model.own_module.exists()


def test_numbers_are_placed_between_quantiles():
    encode = PiecewiseLinear([[0.0, 1.0, 1.0, 3.0]])
    found = np.asarray(encode(np.array([[-5], [0.5], [2], [9], [np.nan]], np.float32)))
    # The second bin is empty.
    np.testing.assert_array_equal(found, [[0, 0, 0], [0.5, 0, 0], [1, 0, 0.5], [1, 0, 1], [0, 0, 0]])
