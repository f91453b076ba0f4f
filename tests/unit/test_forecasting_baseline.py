"""The forecasting baseline, from series to a proven graph, and the rooms that take it further."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_series

from graduate.components.automl_baseline.agreement import TOLERANCE
from graduate.components.automl_baseline.forecasting.baseline import train_forecasting_baseline
from graduate.components.automl_baseline.forecasting.candidates import Candidate, fit
from graduate.components.automl_baseline.forecasting.forecasters import LinearSteps
from graduate.components.automl_baseline.forecasting.to_onnx import export, prove
from graduate.components.automl_baseline.forecasting.windows import Framing
from graduate.components.automl_baseline.train import train_baseline
from graduate.components.batch_predict.predict import predict
from graduate.components.data.dataset import Dataset
from graduate.components.data.periods import Period
from graduate.components.data_quality_gate.judge import judge
from graduate.components.errors import FinalError, InputError
from graduate.components.models import feature_transforms, leaderboard, predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.metrics import forecast_metrics, truths
from graduate.components.models.model_rows import model_rows
from graduate.components.models.onnx_runner import OnnxRunner
from graduate.components.models.seasons import find_season, seasonal_naive
from graduate.components.models.series_windows import SeriesRows
from graduate.components.onnx_convert.convert import convert

HORIZON = 14

Trained = tuple[Dataset, ModelFolder]


def shops() -> pd.DataFrame:
    return tiny_series.shops(days=300)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    data = tiny_series.series_dataset(folder, shops(), horizon=HORIZON)
    return data, train_forecasting_baseline(data, folder / "model")


def framing(known: SeriesRows, context: int = 28) -> Framing:
    described = {"kind": "series", "context": context, "horizon": 7, "period": "1 day", "columns": ["week_sin"]}
    return Framing(described, 7, known.training_mean)  # pyright: ignore[reportArgumentType]


def values(model: ModelFolder, split: str) -> dict[str, float]:
    return {
        identity: found["value"] for identity, found in predictions.read(model.predictions(split)) if "value" in found
    }


def test_it_beats_the_seasonal_naive_forecast(trained: Trained) -> None:
    data, model = trained
    scale = {row["__id__"]: 10.0 ** int(row["shop"][-1]) for row in data.table("test").to_pylist()}
    truth, naive, own = truths(data, "test"), seasonal_naive(data, "test"), values(model, "test")
    errors = [
        np.mean([abs(found[identity] - float(true)) / scale[identity] for identity, true in truth.items()])
        for found in (own, naive)
    ]
    assert errors[0] < 0.8 * errors[1]
    assert model.metrics.keys() == {"rmse", "mae", "wape"} == model.metric_intervals.keys()


def test_wape_is_a_share_of_the_sum_and_left_out_where_that_is_0() -> None:
    found = forecast_metrics(np.array([0.0, 100.0, -100.0]), np.array([10.0, 90.0, -100.0]))
    assert found["wape"] == pytest.approx(0.1)
    assert forecast_metrics(np.zeros(3), np.ones(3)).keys() == {"rmse", "mae"}


def test_the_leaderboard_holds_every_trial_the_best_first(trained: Trained) -> None:
    trials = leaderboard.read(trained[1].leaderboard)
    losses = [trial.validation["rmse"] for trial in trials]
    assert losses == sorted(losses)
    assert [trial.chosen for trial in trials] == [True] + [False] * (len(trials) - 1)
    assert {trial.name for trial in trials} == {
        "Last value",
        "Mean",
        "Last season",
        "Mean season",
        "Linear",
        "Boosted trees",
    }


def test_validation_and_test_rows_are_forecast_and_training_rows_are_not(trained: Trained) -> None:
    data, model = trained
    for split in ("validation", "test"):
        assert values(model, split).keys() == set(data.table(split)["__id__"].to_pylist())
    assert not model.predictions("train").exists()


def test_nothing_of_a_split_is_known_when_it_is_forecast(tmp_path: Path, trained: Trained) -> None:
    table = shops()
    is_test = table["day"] > table["day"].max() - pd.Timedelta(days=HORIZON)
    table.loc[is_test, ["sold", "rain"]] = 1e6
    other = tiny_series.series_dataset(tmp_path, table, horizon=HORIZON)
    again = train_forecasting_baseline(other, tmp_path / "model")
    assert values(again, "test") == values(trained[1], "test")


def test_a_longer_split_is_forecast_in_blocks_of_the_horizon(tmp_path: Path) -> None:
    table = tiny_series.shops(60, 1).sort_values("day").drop(columns="shop")
    table = table.assign(ml_use=["training"] * 40 + ["validation"] * 6 + ["test"] * 14, sold=np.arange(60.0))
    known = SeriesRows(tiny_series.series_dataset(tmp_path, table, series_column=""))
    rows, steps = known.of_split("test", 7)
    assert steps.tolist() == [1, 2, 3, 4, 5, 6, 7] * 2
    past = known.inputs(rows, steps, framing(known).described)["past"]
    assert past[:, -1].tolist() == [45.0] * 7 + [52.0] * 7
    assert past[0].tolist() == list(range(18, 46))


def test_windows_hold_nothing_of_another_series_and_nan_for_gaps(tmp_path: Path) -> None:
    table = tiny_series.shops(60, 2).assign(sold=lambda rows: rows["shop"].str[-1].astype(float))
    gap = (table["day"] == pd.Timestamp("2024-01-10")) & (table["shop"] == "shop 1")
    known = SeriesRows(tiny_series.series_dataset(tmp_path, table.loc[~gap]))
    rows = np.flatnonzero((known.names == "shop 1") & (known.place == 12))
    (past,) = known.inputs(rows, np.array([1]), framing(known).described)["past"]
    assert np.isnan(past[:16]).all()
    assert np.isnan(past[16:]).tolist() == [place == 9 for place in range(12)]
    assert set(past[~np.isnan(past)]) == {1.0}


@pytest.mark.parametrize("kind", ["last value", "mean", "last season", "mean season", "linear", "boosted trees"])
def test_the_graph_of_each_candidate_forecasts_what_it_does(tmp_path: Path, kind: str, trained: Trained) -> None:
    known = SeriesRows(trained[0])
    hyperparameters = {"linear": {"alpha": 1.0}, "boosted trees": {"max_iter": 20}}.get(kind, {})
    forecaster = fit(Candidate(kind, hyperparameters), framing(known), known, seed=0)  # pyright: ignore[reportArgumentType]
    export(forecaster, tmp_path / "model.onnx")
    rows, steps = known.of_split("train", 7)  # the first ones have no past at all
    inputs = known.inputs(rows, steps, forecaster.framing.described)
    assert prove(forecaster, tmp_path / "model.onnx", inputs, known.ids[rows].tolist()) < TOLERANCE / 10
    assert np.isfinite(forecaster.predict(inputs)).all()


def test_a_graph_that_disagrees_is_refused_with_the_rows(tmp_path: Path, trained: Trained) -> None:
    known = SeriesRows(trained[0])
    forecaster = fit(Candidate("last season"), framing(known), known, seed=0)
    assert isinstance(forecaster.model, LinearSteps)
    export(forecaster, tmp_path / "model.onnx")
    bias = forecaster.model.bias.copy()
    bias[2] += 0.01  # the third step ahead
    rows, steps = known.of_split("test", 7)
    inputs = known.inputs(rows[:7], steps[:7], forecaster.framing.described)
    wrong = replace(forecaster, model=replace(forecaster.model, bias=bias))
    with pytest.raises(FinalError, match=r"on 2 of 14 rows, among them c, c \(values missing\)"):
        prove(wrong, tmp_path / "model.onnx", inputs, list("abcdefg"))


def test_the_same_seed_gives_the_same_graph(tmp_path: Path, trained: Trained) -> None:
    again = train_forecasting_baseline(trained[0], tmp_path / "again")
    assert again.onnx.read_bytes() == trained[1].onnx.read_bytes()
    assert again.metrics == trained[1].metrics


def test_no_trial_is_started_after_the_time_limit(tmp_path: Path, trained: Trained) -> None:
    model = train_forecasting_baseline(trained[0], tmp_path / "model", time_limit=1e-9)
    assert len(leaderboard.read(model.leaderboard)) == 1
    assert model.parameters["hit_time_limit"]


def test_windows_that_short_series_do_not_fill_are_tried_once(tmp_path: Path) -> None:
    data = tiny_series.series_dataset(tmp_path, tiny_series.shops(50))
    model = train_forecasting_baseline(data, tmp_path / "model", effort="standard")
    tried = [(trial.name, str(trial.hyperparameters)) for trial in leaderboard.read(model.leaderboard)]
    assert len(tried) == len(set(tried)) > 6


def test_series_that_never_change_are_forecast_as_they_are(tmp_path: Path) -> None:
    table = tiny_series.shops(60, 1).assign(sold=0.1)
    model = train_forecasting_baseline(tiny_series.series_dataset(tmp_path, table), tmp_path / "model")
    np.testing.assert_allclose(list(values(model, "test").values()), 0.1, rtol=1e-6)


@pytest.mark.parametrize(("with_week", "season"), [(True, 7), (False, 1)])
def test_a_season_is_only_seen_where_there_is_one(tmp_path: Path, with_week: bool, season: int) -> None:
    noise = np.random.default_rng(0).normal(size=480)
    table = tiny_series.shops(120).sort_values(["shop", "day"])
    table = table if with_week else table.assign(sold=noise.cumsum())
    known = SeriesRows(tiny_series.series_dataset(tmp_path, table))
    assert find_season(known, Period(1, "day")) == season


def test_importance_and_transforms_say_what_it_looks_at(trained: Trained) -> None:
    _, model = trained
    importance = {each["column"]: each["importance"] for each in json.loads(model.importance.read_text())["columns"]}
    assert max(importance, key=lambda name: importance[name]) in ("past, 1 to 7 rows before", "steps ahead")
    transforms = {each.column: each for each in feature_transforms.read(model.feature_transforms)}
    assert {name: each.transform for name, each in transforms.items()} == {
        "day": "date",
        "shop": "series",
        "sold": "window",
        "rain": "dropped",
    }
    assert transforms["sold"].statistics["season"] == 7
    assert transforms["shop"].statistics["distinct"] == 4


def test_rows_without_values_to_measure_on_are_refused(tmp_path: Path) -> None:
    table = tiny_series.shops(60, 1)
    table.loc[table["day"] > table["day"].max() - pd.Timedelta(days=7), "sold"] = np.nan
    data = tiny_series.series_dataset(tmp_path, table)
    with pytest.raises(InputError, match="no row of the test split has a value in 'sold'"):
        train_forecasting_baseline(data, tmp_path / "model")


def test_the_gate_measures_it_against_the_last_season_and_finds_no_copies(tmp_path: Path, trained: Trained) -> None:
    data, model = trained
    verdict = judge(str(data.path), str(model.path), str(tmp_path / "gate"), str(tmp_path / "gate.html"))
    truth, naive = truths(data, "test"), seasonal_naive(data, "test")
    errors = [naive[identity] - float(value) for identity, value in truth.items()]
    assert verdict.standing.naive == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    assert {finding.rule for finding in verdict.findings} == {"label_missing"}
    assert "the last season or value is repeated" in (tmp_path / "gate.html").read_text()


def test_it_is_proven_and_predicts_the_future_of_its_series(tmp_path: Path, trained: Trained) -> None:
    data, model = trained
    parity = convert(model.path, tmp_path / "onnx", data.path, tmp_path / "certificate", tmp_path / "onnx.html")
    assert parity["proven"]
    table, days = shops(), range(1, HORIZON + 1)
    ahead = pd.DataFrame({"day": [table["day"].max() + pd.Timedelta(days=day) for day in days], "shop": "shop 1"})
    future = tiny_series.series_dataset(tmp_path / "future", pd.concat([table, ahead]), horizon=HORIZON)
    summary = predict(str(tmp_path / "onnx"), str(future.path), str(tmp_path / "predictions"), workers=1)
    assert (summary["results"], summary["errors"]) == (sum(future.counts.values()), 0)
    (results,) = (tmp_path / "predictions").glob("prediction.results-*")
    found = {line["key"]: line for line in map(json.loads, results.read_text().splitlines())}
    last = [f"shops.csv:{len(table) + 1 + day}" for day in days]
    assert [found[each]["instance"]["step"] for each in last] == list(days)
    assert all(10 < found[each]["prediction"]["value"] < 40 for each in last)  # the scale of shop 1


def test_the_runner_gives_the_predictions_that_were_written(trained: Trained) -> None:
    data, model = trained
    (batch,) = model_rows(data, ["test"], model.input, rows=1000)  # pyright: ignore[reportArgumentType]
    found = [each["value"] for each in OnnxRunner(model).predict_rows(batch) if "value" in each]
    written = values(model, "test")
    np.testing.assert_allclose(found, [written[each] for each in batch.column("__id__").to_pylist()], rtol=1e-6)


def test_series_of_another_period_are_refused(tmp_path: Path, trained: Trained) -> None:
    table = shops()
    hourly = table.assign(day=table["day"].min() + (table["day"] - table["day"].min()) / 24)
    data = tiny_series.series_dataset(tmp_path, hourly)
    with pytest.raises(InputError, match="has a row every 1 hour, and the model takes one every 1 day"):
        predict(str(trained[1].path), str(data.path), str(tmp_path / "predictions"), workers=1)


def test_its_page_shows_trials_and_forecasts(tmp_path: Path, trained: Trained) -> None:
    train_baseline(trained[0].path, tmp_path / "model", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for text in ("wape", "Last season", "Forecasts and what came", "past, 1 to 7 rows before"):
        assert text in page
