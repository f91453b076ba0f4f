"""Trees as ONNX: the same predictions to the last digits, whatever the columns hold."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest

from graduate.components.automl_baseline.tabular.candidates import Candidate, hist_gradient_boosting, lightgbm, mean_of
from graduate.components.automl_baseline.tabular.forest import lightgbm_forest
from graduate.components.automl_baseline.tabular.pipeline import build_pipeline, predict
from graduate.components.automl_baseline.tabular.proof import prove
from graduate.components.automl_baseline.tabular.to_onnx import export
from graduate.components.data.items import ColumnType, Task
from graduate.components.errors import FinalError
from graduate.components.models.feature_transforms import FeatureTransform

REGRESSION, CLASSIFICATION = Task.TABULAR_REGRESSION, Task.TABULAR_CLASSIFICATION
# Hyperparameters that cut between all neighbouring values.
MAKERS: dict[str, Any] = {
    "scikit-learn": lambda task, **more: hist_gradient_boosting(
        task, {"min_samples_leaf": 1, "max_iter": 40} | more, 0
    ),
    "LightGBM": lambda task, **more: lightgbm(
        task, {"min_child_samples": 1, "n_estimators": 40, "min_data_in_bin": 1, "max_bin": 1023} | more, 0
    ),
}


@pytest.fixture(params=list(MAKERS))
def make(request) -> Any:
    return MAKERS[request.param]


def difference(file: Path, candidate: Candidate, rows: pd.DataFrame, truth: np.ndarray) -> float:
    """The proven difference of a pipeline fitted on the rows from its graph on the same rows."""
    task = CLASSIFICATION if hasattr(candidate.estimator, "predict_proba") else REGRESSION
    transforms = [_transform(name, column) for name, column in rows.items()]
    pipeline = build_pipeline(task, transforms, candidate.estimator).fit(rows, truth)
    assert np.ptp(predict(pipeline, rows)) > 0
    export(pipeline, rows, file)
    scale = float(truth.std()) if task is REGRESSION else 1.0
    return prove(pipeline, file, rows, [f"row {place}" for place in range(len(rows))], scale)


def _transform(name: Any, column: pd.Series) -> FeatureTransform:
    if column.dtype == object:
        vocabulary = sorted(set(column) - {"rare"})
        return FeatureTransform(name, ColumnType.CATEGORY, "one_hot", {"vocabulary": vocabulary})
    return FeatureTransform(name, ColumnType.NUMBER, "numeric", {})


@pytest.mark.parametrize("unit", [1e-30, 1e-6, 1.0, 1e6, 1e30])
def test_the_unit_of_columns_and_labels_does_not_matter(tmp_path, make, unit):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": (rng.normal(size=300) * unit).astype(np.float32), "y": rng.random(300, np.float32)})
    truth = rows["x"].to_numpy(np.float64) + unit * rows["y"].to_numpy(np.float64)
    assert difference(tmp_path / "m.onnx", make(REGRESSION), rows, truth) < 1e-6


def test_neighbouring_float32_values_take_their_own_branches(tmp_path, make):
    # LightGBM takes what is below 1e-35 as 0.
    starts = np.array([2**24, 1e-30, 1, 1e30], dtype=np.float32).view(np.int32)
    truth = np.tile([0.0, 1.0], 40)
    for place, values in enumerate((start + np.arange(80)).astype(np.int32).view(np.float32) for start in starts):
        rows = pd.DataFrame({"x": np.repeat(values, 3)})
        assert difference(tmp_path / f"{place}.onnx", make(REGRESSION), rows, np.repeat(truth, 3)) < 1e-6


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("has_missing", [False, True])
def test_missing_values_and_unseen_categories_go_where_they_went(tmp_path, make, labels, has_missing):
    rng = np.random.default_rng(1)
    x = rng.normal(size=400).astype(np.float32)
    city = rng.choice(np.array(["Bern", "Zürich", "", "rare"], dtype=object), 400)
    truth = np.array(["a", "b", "c"])[np.digitize(x + (city == "Bern"), [0.0, 1.0][: labels - 1])]
    if has_missing:
        x[rng.random(400) < 0.3] = np.nan
    rows = pd.DataFrame({"x": x, "city": pd.Series(city, dtype=object)})
    assert difference(tmp_path / "m.onnx", make(CLASSIFICATION), rows, truth) < 1e-6


def test_trees_of_a_single_leaf_and_more_trees_than_a_node_holds_add_up(tmp_path):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"x": rng.normal(size=60).astype(np.float32)})
    truth = rng.normal(size=60) + 5
    # Few rows reach the leaves' least number: most of the trees cannot split.
    candidate = lightgbm(REGRESSION, {"n_estimators": 600, "min_child_samples": 25, "colsample_bytree": 1.0}, 0)
    assert difference(tmp_path / "m.onnx", candidate, rows, truth) < 1e-6
    operators = [node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node]
    assert operators.count("TreeEnsemble") == 3


def test_the_mean_of_several_models_is_one_forest(tmp_path, make):
    rng = np.random.default_rng(5)
    rows = pd.DataFrame({"x": rng.normal(size=200).astype(np.float32), "y": rng.normal(size=200).astype(np.float32)})
    members = [make(REGRESSION), make(REGRESSION, learning_rate=0.3), make(REGRESSION, learning_rate=0.02)]
    assert difference(tmp_path / "m.onnx", mean_of(members), rows, 1e4 + rows.sum(axis=1).to_numpy(np.float64)) < 1e-6


def test_columns_may_be_called_like_anything_in_the_graph(tmp_path, make):
    rng = np.random.default_rng(3)
    names = ["variable", "trees/sums", "Mean (mm)", "merged_columns", "probabilities"]
    rows = pd.DataFrame({name: rng.normal(size=80).astype(np.float32) for name in names})
    assert difference(tmp_path / "m.onnx", make(REGRESSION), rows, rows.sum(axis=1).to_numpy(np.float64)) < 1e-6


def test_a_forest_that_it_cannot_write_is_refused():
    import lightgbm as library

    rng = np.random.default_rng(4)
    rows = rng.integers(0, 5, size=(200, 1)).astype(float)
    data = library.Dataset(rows, (rows[:, 0] % 2), categorical_feature=[0])
    booster = library.train(
        {"verbose": -1, "min_data_in_leaf": 1, "min_data_per_group": 1, "max_cat_to_onehot": 9}, data, num_boost_round=2
    )
    with pytest.raises(FinalError, match="categorical"):
        lightgbm_forest(booster)
