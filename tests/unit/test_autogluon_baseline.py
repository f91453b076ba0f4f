"""The AutoGluon tier of the tabular baseline, on small tables with every kind of column."""

import importlib.util
import json
from collections.abc import Iterator

import numpy as np
import onnxruntime as ort
import pytest
import tiny_tables

from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.errors import InputError
from graduate.components.models import label_probabilities, leaderboard
from graduate.components.models.columns import column_tensors
from graduate.components.models.folder import ModelFolder

SECONDS = 20.0
HAS_AUTOGLUON = importlib.util.find_spec("autogluon") is not None
needs_autogluon = pytest.mark.skipif(
    not HAS_AUTOGLUON, reason="AutoGluon wants pandas below 3: install graduate[autogluon] in an environment of its own"
)


def train(folder, task: Task) -> tuple[Dataset, ModelFolder]:
    data = tiny_tables.visitors(folder / "data", task)
    return data, train_tabular_baseline(data, folder / "model", effort="autogluon", time_limit=SECONDS)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """On shared cores, two threads wait for each other longer than they work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        yield


@pytest.fixture(scope="module")
def classified(tmp_path_factory) -> tuple[Dataset, ModelFolder]:
    return train(tmp_path_factory.mktemp("classified"), Task.TABULAR_CLASSIFICATION)


@pytest.fixture(scope="module")
def regressed(tmp_path_factory) -> tuple[Dataset, ModelFolder]:
    return train(tmp_path_factory.mktemp("regressed"), Task.TABULAR_REGRESSION)


def onnx_output(model: ModelFolder, data: Dataset, split: str) -> np.ndarray:
    assert model.input["kind"] == "columns"
    session = ort.InferenceSession(model.onnx)
    return np.asarray(session.run(None, column_tensors(data.table(split), model.input["columns"]))[0])


@pytest.mark.skipif(HAS_AUTOGLUON, reason="AutoGluon is installed")
def test_without_autogluon_it_says_how_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"--autogluon, install graduate\[autogluon\]"):
        train(tmp_path, Task.TABULAR_REGRESSION)


@needs_autogluon
def test_it_learns_from_every_kind_of_column(classified, regressed):
    assert classified[1].metrics["accuracy"] > 0.8
    assert regressed[1].metrics["r2"] > 0.9


@needs_autogluon
def test_its_graph_alone_reaches_the_metrics_that_it_wrote(classified, regressed):
    data, model = classified
    likeliest = np.array(model.labels)[onnx_output(model, data, "test").argmax(axis=1)]
    right = likeliest == data.table("test")["spends"].to_numpy()
    assert right.mean() == pytest.approx(model.metrics["accuracy"])
    data, model = regressed
    errors = onnx_output(model, data, "test")[:, 0] - data.table("test")["spends"].to_numpy()
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(model.metrics["rmse"], rel=1e-5)


@needs_autogluon
def test_it_shows_the_whole_predictor_beside_what_it_ships(regressed):
    _, model = regressed
    shipped, whole = model.parameters["shipped"], model.parameters["whole_predictor"]
    assert sum(shipped["weights"].values()) == pytest.approx(1)
    assert shipped["test"]["rmse"] == pytest.approx(model.metrics["rmse"], rel=1e-4)
    assert whole["test"]["rmse"] > 0
    assert "wall-clock" in model.parameters["budget"]


@needs_autogluon
def test_of_its_leaderboard_the_best_model_that_onnx_can_express_is_shipped(regressed):
    trials = leaderboard.read(regressed[1].leaderboard)
    assert {"LightGBM", "WeightedEnsemble_L2Exportable"} <= {trial.name for trial in trials}
    errors = [trial.validation["rmse"] for trial in trials]
    assert errors == sorted(errors)
    (chosen,) = [trial for trial in trials if trial.chosen]
    assert chosen.validation["rmse"] == min(
        trial.validation["rmse"] for trial in trials if "not for ONNX" not in trial.name
    )


@needs_autogluon
def test_training_rows_are_predicted_by_refits_that_have_not_seen_them(classified):
    data, model = classified
    rows = label_probabilities.read(model.label_probabilities)
    assert len(rows.ids) == sum(data.counts.values())
    np.testing.assert_allclose(rows.probabilities.sum(axis=1), 1, atol=1e-5)
    training = data.counts["train"]
    likeliest = np.array(data.labels)[rows.probabilities[:training].argmax(axis=1)]
    assert 0.7 < np.mean(likeliest == np.array(rows.labels[:training])) < 0.99


@needs_autogluon
def test_a_label_that_validation_rows_and_some_folds_lack_is_learned(tmp_path):
    label = tiny_tables.label_column(Task.TABULAR_CLASSIFICATION, "y")
    rows = [{"x": float(place % 40), "y": "yes" if place % 20 == 19 else "no"} for place in range(200)]
    data = tiny_tables.table_dataset(
        tmp_path / "d",
        Task.TABULAR_CLASSIFICATION,
        [Column("x", ColumnType.NUMBER), label],
        rows,
        {"train": 120, "validation": 18, "test": 62},
    )
    model = train_tabular_baseline(data, tmp_path / "m", effort="autogluon", time_limit=SECONDS)
    assert model.labels == ["no", "yes"]
    (importance,) = json.loads(model.importance.read_text())["columns"]
    assert importance["importance"] > 0
