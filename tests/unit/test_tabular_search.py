"""The search of the tabular baseline: its tiers, its choice, its ceiling; LightGBM and FLAML are the real ones."""

import builtins
import math

import numpy as np
import pandas as pd
import pytest
import tiny_tables

from graduate.components.automl_baseline.tabular import portfolio, recipe, search
from graduate.components.automl_baseline.tabular.baseline import train_tabular_baseline
from graduate.components.automl_baseline.tabular.portfolio import LocalSearch, suggestions
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.models import hyperparameters, leaderboard

SMALL = {"n_estimators": 30, "num_leaves": 5, "min_child_samples": 5, "learning_rate": 0.3, "log_max_bin": 8}
SMALL |= {"colsample_bytree": 0.9, "reg_alpha": 0.01, "reg_lambda": 0.01}


@pytest.fixture
def quick(monkeypatch):
    """Few and small trials, and scikit-learn's boosting so short that LightGBM wins."""
    monkeypatch.setattr(recipe, "_MOST_TREES", 2)
    monkeypatch.setattr(search, "_STEPS", 3)
    monkeypatch.setattr(portfolio, "suggestions", lambda *_: [SMALL, {**SMALL, "n_estimators": 2}])


@pytest.fixture(scope="module", params=[Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION])
def data(request, tmp_path_factory) -> Dataset:
    return tiny_tables.visitors(tmp_path_factory.mktemp("visitors"), request.param)


def test_the_slow_tier_searches_around_lightgbm_and_gives_the_same_model_again(tmp_path, data, quick):
    first, second = (train_tabular_baseline(data, tmp_path / name, effort="thorough", seed=3) for name in "ab")
    assert first.framework == "lightgbm"
    mean = int(data.task is Task.TABULAR_REGRESSION)
    assert first.onnx.read_bytes() == second.onnx.read_bytes()
    trials = leaderboard.read(first.leaderboard)
    assert [trial.name for trial in trials].count("LightGBM") == 2 + 3
    assert [trial.name for trial in trials].count("Mean of 3 LightGBM") == mean
    assert len({str(trial.hyperparameters) for trial in trials}) == len(trials)
    assert first.parameters["onnx_max_difference"] < 1e-6
    assert not first.parameters["hit_time_limit"]
    found = hyperparameters.read(first.hyperparameters)
    assert found is not None
    assert "lightgbm.LGBM" in found.estimator
    assert "learning_rate" in str(found.hyperparameters)


def test_another_seed_searches_elsewhere(tmp_path, data, quick):
    tried = [
        {str(trial.hyperparameters) for trial in leaderboard.read(model.leaderboard)}
        for model in (train_tabular_baseline(data, tmp_path / str(seed), "thorough", seed) for seed in (0, 1))
    ]
    assert tried[0] != tried[1]


def test_a_ceiling_stops_the_trials_and_is_told(tmp_path, data, capsys):
    model = train_tabular_baseline(data, tmp_path / "model", effort="thorough", time_limit=1e-9)
    assert model.parameters["hit_time_limit"]
    assert len(leaderboard.read(model.leaderboard)) == 1
    assert "no further trial" in capsys.readouterr().out


def test_of_equally_good_trials_the_smaller_is_taken(tmp_path, monkeypatch, data):
    monkeypatch.setattr(search, "_DRAW", math.inf)
    model = train_tabular_baseline(data, tmp_path / "model")
    trials = leaderboard.read(model.leaderboard)
    (chosen,) = [trial for trial in trials if trial.chosen]
    assert chosen.hyperparameters["max_iter"] == min(trial.hyperparameters["max_iter"] for trial in trials)


def test_what_flaml_suggests_depends_on_the_table_and_keeps_to_a_size():
    rng = np.random.default_rng(0)
    rows = tiny_rows(16_512, categories=1, numbers=8)
    (first, *_) = suggestions(Task.TABULAR_REGRESSION, rows, rng.normal(size=16_512))
    assert (first["n_estimators"], first["num_leaves"]) == (4797, 122)
    many = tiny_rows(400_000, categories=20, numbers=5)
    labels = np.arange(400_000) % 2
    for config in suggestions(Task.TABULAR_CLASSIFICATION, many, labels):
        assert portfolio.leaves(config, Task.TABULAR_CLASSIFICATION, labels) <= portfolio.MAX_LEAVES


def test_the_local_search_moves_to_what_is_better():
    truth = np.zeros(5000)

    def distance(config):
        return abs(math.log(config["learning_rate"] / 0.01))

    around = LocalSearch([(SMALL, distance(SMALL))], Task.TABULAR_REGRESSION, truth, seed=0)
    found = []
    for _ in range(40):
        config = around.ask()
        assert config is not None
        found.append(distance(config))
        around.tell(config, found[-1])
    assert min(found) < 0.3 * distance(SMALL)


def test_a_missing_system_library_is_told_in_one_sentence(tmp_path, monkeypatch, data):
    real = builtins.__import__

    def without_libgomp(name, *arguments, **named):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file: No such file or directory")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_libgomp)
    with pytest.raises(InputError, match=r"libgomp1, or use effort=fast"):
        train_tabular_baseline(data, tmp_path / "model", effort="standard")
    assert not (tmp_path / "model" / "model.json").exists()


def tiny_rows(rows: int, categories: int, numbers: int) -> pd.DataFrame:
    numeric = {f"n{place}": np.zeros(rows, dtype=np.float32) for place in range(numbers)}
    return pd.DataFrame({**numeric, **{f"c{place}": ["a"] * rows for place in range(categories)}})
