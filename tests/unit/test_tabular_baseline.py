"""The tabular baseline, on small tables with every kind of column."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pandas as pd
import pytest
import tiny_tables

from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.automl_baseline.tabular.candidates import hist_gradient_boosting
from graduate.components.automl_baseline.tabular.pipeline import build_pipeline
from graduate.components.automl_baseline.tabular.proof import prove
from graduate.components.automl_baseline.tabular.to_onnx import export
from graduate.components.automl_baseline.train import train_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.errors import FinalError, InputError
from graduate.components.models import hyperparameters, label_probabilities, leaderboard, predictions
from graduate.components.models.columns import column_tensors
from graduate.components.models.feature_transforms import FeatureTransform
from graduate.components.models.folder import ModelFolder

Trained = tuple[Dataset, ModelFolder]


@pytest.fixture(scope="module")
def classified(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("classified")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_CLASSIFICATION)
    return data, train_tabular_baseline(data, folder / "model")


@pytest.fixture(scope="module")
def regressed(tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("regressed")
    data = tiny_tables.visitors(folder / "data", Task.TABULAR_REGRESSION)
    return data, train_tabular_baseline(data, folder / "model")


def onnx_output(model: ModelFolder, data: Dataset, split: str) -> np.ndarray:
    assert model.input["kind"] == "columns"
    session = ort.InferenceSession(model.onnx)
    return np.asarray(session.run(None, column_tensors(data.table(split), model.input["columns"]))[0])


def test_it_learns_from_numbers_dates_and_categories(classified, regressed):
    assert classified[1].metrics["accuracy"] > 0.85
    assert regressed[1].metrics["r2"] > 0.95


def test_its_graph_takes_the_useful_columns_under_their_own_names(classified):
    _, model = classified
    session = ort.InferenceSession(model.onnx)
    types = {each.name: each.type for each in session.get_inputs()}
    assert types == {
        "Mean radius (mm)": "tensor(float)",
        "opened": "tensor(float)",
        "city": "tensor(string)",
        "member": "tensor(float)",
    }
    assert [each.name for each in session.get_outputs()] == ["probabilities"]


def test_its_graph_gives_the_predictions_that_it_wrote(classified, regressed):
    data, model = classified
    written = [
        predictions.to_probabilities(model.labels, each) for _, each in predictions.read(model.predictions("test"))
    ]
    np.testing.assert_allclose(onnx_output(model, data, "test"), written, atol=1e-5)
    data, model = regressed
    written = [[each["value"]] for _, each in predictions.read(model.predictions("test"))]
    np.testing.assert_allclose(onnx_output(model, data, "test"), written, rtol=1e-4)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_rows_are_predicted_by_models_that_have_not_seen_them(regressed, split):
    data, model = regressed
    out_of_fold = np.array([each["value"] for _, each in predictions.read(model.predictions(split))])
    truth = data.table(split)["spends"].to_numpy()
    in_sample = onnx_output(model, data, split)[:, 0]
    assert np.abs(in_sample - truth).mean() < 0.8 * np.abs(out_of_fold - truth).mean()
    assert np.corrcoef(out_of_fold, truth)[0, 1] > 0.9


def test_label_probabilities_cover_every_labelled_row_of_every_split(classified):
    data, model = classified
    rows = label_probabilities.read(model.label_probabilities)
    assert len(rows.ids) == sum(data.counts.values())
    assert rows.labels[:5] == data.table("train")["spends"].to_pylist()[:5]
    assert rows.probabilities.shape == (len(rows.ids), len(data.labels))
    np.testing.assert_allclose(rows.probabilities.sum(axis=1), 1, atol=1e-5)


def test_importance_finds_what_the_label_hangs_on(regressed):
    importance = json.loads(regressed[1].importance.read_text())
    assert importance["columns"][0]["column"] == "opened"
    assert {each["column"] for each in importance["columns"][:3]} == {"opened", "city", "Mean radius (mm)"}


def test_the_same_seed_gives_the_same_graph(tmp_path, classified):
    data, model = classified
    again = train_tabular_baseline(data, tmp_path / "again")
    assert again.onnx.read_bytes() == model.onnx.read_bytes()
    assert again.metrics == model.metrics


def test_its_leaderboard_and_hyperparameters_name_the_model_that_it_is(regressed):
    model = regressed[1]
    trials = leaderboard.read(model.leaderboard)
    (chosen,) = [trial for trial in trials if trial.chosen]
    assert [trial.validation["rmse"] for trial in trials] == sorted(trial.validation["rmse"] for trial in trials)
    assert chosen.validation["rmse"] <= 1.002 * trials[0].validation["rmse"]
    found = hyperparameters.read(model.hyperparameters)
    assert found is not None
    assert found.estimator == "sklearn.ensemble.HistGradientBoostingRegressor"
    assert found.hyperparameters == chosen.hyperparameters


def test_a_label_that_only_the_test_split_has_keeps_probability_0(tmp_path):
    label = tiny_tables.label_column(Task.TABULAR_CLASSIFICATION, "y")
    rows = [{"x": float(place % 10), "y": "high" if place % 10 > 4 else "low"} for place in range(60)]
    rows.append({"x": 3.0, "y": "new"})
    columns = [Column("x", ColumnType.NUMBER), label]
    sizes = {"train": 40, "test": 21}
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_CLASSIFICATION, columns, rows, sizes)
    model = train_tabular_baseline(data, tmp_path / "m")
    found = label_probabilities.read(model.label_probabilities)
    assert model.labels == ["high", "low"]
    assert found.labels[-1] == "new"
    assert found.probabilities[-1, data.labels.index("new")] == 0


def test_copies_of_a_row_do_not_vouch_for_each_other(tmp_path):
    rng = np.random.default_rng(0)
    once = [{"x": float(place), "y": str(rng.choice(["a", "b"]))} for place in range(40)]
    columns = [Column("x", ColumnType.NUMBER), tiny_tables.label_column(Task.TABULAR_CLASSIFICATION, "y")]
    sizes = {"train": 1200, "test": 40}
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_CLASSIFICATION, columns, once * 31, sizes)
    model = train_tabular_baseline(data, tmp_path / "m")
    rows = label_probabilities.read(model.label_probabilities)
    chosen = rows.probabilities[:1200].argmax(axis=1)
    right = [data.labels[code] == label for code, label in zip(chosen, rows.labels[:1200], strict=True)]
    assert np.mean(right) < 0.9  # the labels are random: a model that has seen a copy is right on all of them


def test_a_graph_that_disagrees_is_refused_with_the_rows(tmp_path):
    rows = pd.DataFrame({"x": np.arange(60, dtype=np.float32)})
    transforms = [FeatureTransform("x", ColumnType.NUMBER, "numeric", {})]
    boosting = hist_gradient_boosting(Task.TABULAR_REGRESSION, {}, seed=0).estimator
    pipeline = build_pipeline(Task.TABULAR_REGRESSION, transforms, boosting).fit(rows, rows["x"])
    export(pipeline, rows, tmp_path / "model.onnx")
    pipeline.fit(rows, np.where(rows["x"] < 30, rows["x"], 2 * rows["x"]))
    with pytest.raises(FinalError, match=r"row 59"):
        prove(pipeline, tmp_path / "model.onnx", rows.iloc[[0, 59]], ["row 0", "row 59"])


@pytest.mark.parametrize(
    ("rows", "sizes", "sentence"),
    [
        ([{"x": 1.0, "y": "a"}] * 8 + [{"x": 2.0, "y": "b"}] * 8, {"train": 15, "test": 1}, "2 different labelled"),
        ([{"x": float(place), "y": "a"} for place in range(20)], {"train": 15, "test": 5}, "the same 'y'"),
        ([{"x": 1.0, "y": str(place % 13)} for place in range(65)], {"train": 60, "test": 5}, "x: Constant"),
        ([{"x": float(place), "y": str(place % 2)} for place in range(20)], {"train": 20}, "the test split has no row"),
        (
            [{"x": float(place), "y": str(place)} for place in range(20)],
            {"train": 15, "test": 5},
            "nearly all different",
        ),
    ],
)
def test_data_that_cannot_be_learned_from_are_refused_in_one_sentence(tmp_path, rows, sizes, sentence):
    columns = [Column("x", ColumnType.NUMBER), tiny_tables.label_column(Task.TABULAR_CLASSIFICATION, "y")]
    data = tiny_tables.table_dataset(tmp_path / "d", Task.TABULAR_CLASSIFICATION, columns, rows, sizes)
    with pytest.raises(InputError, match=sentence):
        train_tabular_baseline(data, tmp_path / "m")
    assert not (tmp_path / "m" / "model.json").exists()


def test_its_page_shows_metrics_importance_and_what_was_done_to_the_columns(tmp_path, classified):
    data, _ = classified
    train_baseline(data.path, tmp_path / "model", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for text in ("accuracy", "Mean radius (mm)", "Free text", "one hot"):
        assert text in page


def test_titanic_is_learned(tmp_path, shared_datasets: Path):
    from graduate.components.import_dataset.read import read_dataset

    read_dataset(
        source=str(shared_datasets / "titanic_train.csv"),
        task="tabular_classification",
        output=tmp_path / "data",
        label_column="Survived",
    )
    model = train_tabular_baseline(Dataset.open(tmp_path / "data"), tmp_path / "model")
    assert model.metrics["accuracy"] > 0.75
