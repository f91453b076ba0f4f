"""Leakage: every kind of leak is found in small tables, and nothing in clean ones; importance; the future in series."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gate_tables import frame_dataset, shipped, tumours
from gate_worlds import baseline
from sklearn.datasets import load_diabetes, load_iris, load_wine
from tiny_series import series_dataset, shops

from graduate.components.data.dataset import Dataset, DatasetWriter
from graduate.components.data.items import Task, TimeAxis
from graduate.components.data_quality_gate.findings import Finding, NotJudged, Outcome
from graduate.components.data_quality_gate.leakage.importance import importance
from graduate.components.data_quality_gate.leakage.leaks import Leaks, find_leaks, leakage
from graduate.components.data_quality_gate.leakage.sample import draw_sample
from graduate.components.data_quality_gate.leakage.time import time_leakage

CLASSES, NUMBERS = Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION
Spoiled = dict[str, object]


def passengers(rows: int = 900) -> pd.DataFrame:
    """A label that the columns tell in about four of five rows."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"age": rng.normal(40, 15, rows), "deck": rng.choice(list("ABCD"), rows)})
    frame["fare"] = rng.lognormal(3, 1, rows)
    worth = 0.05 * (frame["age"] - 40) + 1.5 * (frame["deck"] == "A") + 0.3 * np.log(frame["fare"]) - 1.3
    frame["label"] = np.where(worth + rng.normal(0, 0.7, rows) > 0, "yes", "no")
    return frame


def houses(rows: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"rooms": rng.integers(1, 9, rows), "area": rng.normal(90, 30, rows)})
    return frame.assign(label=40 * frame["rooms"] + frame["area"] + rng.normal(0, 60, rows) + 500)


def flowers() -> pd.DataFrame:
    return shipped(load_iris)


def wines() -> pd.DataFrame:
    return shipped(load_wine)


def _flipped(yes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    return yes ^ (rng.random(len(yes)) < share)


LABEL_LEAKS: dict[str, Callable[[np.ndarray, np.random.Generator], Spoiled]] = {
    "a copy": lambda yes, rng: {"leak": np.where(yes, "a", "b")},
    "a copy as a number": lambda yes, rng: {"leak": yes.astype(float)},
    "a copy, 5 % of it wrong": lambda yes, rng: {"leak": np.where(_flipped(yes, 0.05, rng), "a", "b")},
    "the label and noise": lambda yes, rng: {"leak": yes + rng.normal(0, 0.1, len(yes))},
    "codes of the labels": lambda yes, rng: {
        "leak": np.char.add("z", (yes * 6 + rng.integers(0, 6, len(yes))).astype(str))
    },
    "missing for one label": lambda yes, rng: {"leak": np.where(yes, np.nan, rng.normal(size=len(yes)))},
    "a score": lambda yes, rng: {"leak": 1 / (1 + np.exp(3 - 6 * yes)) + rng.normal(0, 0.03, len(yes))},
    "a word": lambda yes, rng: {
        "leak": [f"file {n} was {word} then" for n, word in enumerate(np.where(yes, "won", "lost"))]
    },
    "twins": lambda yes, rng: {
        "leak": yes + rng.normal(0, 0.05, len(yes)),
        "twin": yes + rng.normal(0, 0.05, len(yes)),
    },
    "noisy twins": lambda yes, rng: {"leak": _flipped(yes, 0.04, rng), "twin": _flipped(yes, 0.04, rng)},
}
NUMBER_LEAKS: dict[str, Callable[[np.ndarray, np.random.Generator], Spoiled]] = {
    "with tax": lambda value, rng: {"leak": value * 1.19 + 3},
    "with one of two taxes": lambda value, rng: {"leak": value * rng.choice([1.16, 1.19], len(value))},
    "its logarithm": lambda value, rng: {"leak": np.log(value)},
    "5 % of noise": lambda value, rng: {"leak": value + rng.normal(0, 0.05 * value.std(), len(value))},
    "known for some": lambda value, rng: {"leak": np.where(rng.random(len(value)) < 0.6, np.nan, 2 * value)},
    "twins": lambda value, rng: {"leak": -value, "twin": value + rng.normal(0, 0.05 * value.std(), len(value))},
}


@pytest.mark.parametrize("kind", LABEL_LEAKS)
@pytest.mark.parametrize("table", [passengers, tumours])
def test_a_column_that_gives_the_label_away_is_found(tmp_path: Path, kind: str, table: Callable) -> None:
    frame = table()
    yes = (frame["label"] == frame["label"][0]).to_numpy()
    leak = LABEL_LEAKS[kind](yes, np.random.default_rng(1))
    sample = draw_sample(frame_dataset(tmp_path, frame.assign(**leak), CLASSES))
    assert {each.column for each in find_leaks(sample)} == set(leak)


def test_leaks_that_are_measures_alike_do_not_vouch_for_each_other(tmp_path: Path) -> None:
    rng, frame = np.random.default_rng(1), passengers()
    frame["leak"] = (frame["label"] == "yes") + rng.normal(0, 0.1, len(frame))
    frame["twin"] = 2 * frame["leak"] + rng.normal(0, 0.01, len(frame))
    assert {each.column for each in find_leaks(draw_sample(frame_dataset(tmp_path, frame, CLASSES)))} == {
        "leak",
        "twin",
    }


@pytest.mark.parametrize("kind", NUMBER_LEAKS)
def test_a_column_that_gives_the_number_away_is_found(tmp_path: Path, kind: str) -> None:
    frame = houses()
    leak = NUMBER_LEAKS[kind](frame["label"].to_numpy(), np.random.default_rng(1))
    sample = draw_sample(frame_dataset(tmp_path, frame.assign(**leak), NUMBERS))
    assert {each.column for each in find_leaks(sample)} == set(leak)


@pytest.mark.parametrize("table", [flowers, wines, tumours, passengers])
@pytest.mark.parametrize("seed", range(2))
def test_strong_columns_of_clean_labels_are_no_leaks(tmp_path: Path, table: Callable, seed: int) -> None:
    frame = table().sample(frac=1, random_state=seed, ignore_index=True)
    assert find_leaks(draw_sample(frame_dataset(tmp_path, frame, CLASSES), seed)) == []


def test_a_flower_that_petals_tell_from_all_others_is_no_leak(tmp_path: Path) -> None:
    frame = flowers().sample(frac=1, random_state=0, ignore_index=True)
    frame["label"] = np.where(frame["label"] == "setosa", "setosa", "other")
    assert find_leaks(draw_sample(frame_dataset(tmp_path, frame, CLASSES))) == []


def test_clean_numbers_and_rules_have_no_leak(tmp_path: Path) -> None:
    assert find_leaks(draw_sample(frame_dataset(tmp_path / "diabetes", shipped(load_diabetes), NUMBERS))) == []
    assert find_leaks(draw_sample(frame_dataset(tmp_path / "houses", houses(), NUMBERS))) == []
    rule = passengers().drop(columns="label")
    rule["label"] = np.where((rule["age"] > 30) & (rule["fare"] > 10), "yes", "no")
    assert find_leaks(draw_sample(frame_dataset(tmp_path / "rule", rule, CLASSES))) == []


def _run(data: Dataset, folder: Path) -> tuple[list[Outcome], Leaks]:
    model, outcomes = baseline(folder, data, {}), []
    steps = leakage(data, model, 0)
    while True:
        try:
            outcomes.append(next(steps))
        except StopIteration as end:
            return outcomes, end.value


def test_a_leak_is_critical_and_tells_what_it_is_worth(tmp_path: Path) -> None:
    rng, frame = np.random.default_rng(0), passengers()
    yes = (frame["label"] == "yes").to_numpy()
    frame["paid back"], frame["branch"] = (
        np.where(_flipped(yes, 0.03, rng), "x", "y"),
        yes + rng.normal(0, 0.1, len(yes)),
    )
    (found,), leaks = _run(frame_dataset(tmp_path / "data", frame, CLASSES), tmp_path / "model")
    assert isinstance(found, Finding)
    assert (found.rule, found.severity, found.measured) == ("leakage", "critical", 2)
    assert set(leaks.columns) == {"paid back", "branch"} == {case.column for case in found.cases}
    assert leaks.refit is not None
    assert leaks.refit.without == set(leaks.columns)
    assert {each.change for each in found.counterfactuals} == {"drop `paid back`", "drop `branch`"}
    for each in found.counterfactuals:
        # Either would do by itself, so each is measured without the other.
        assert each.metric == "roc_auc"
        assert each.before > 0.95 > 0.92 > each.after


def test_clean_tables_have_no_finding_but_a_refit_where_the_baseline_says_nothing_of_rows(tmp_path: Path) -> None:
    outcomes, leaks = _run(frame_dataset(tmp_path / "data", passengers(), CLASSES), tmp_path / "model")
    assert outcomes == []
    assert leaks.columns == ()
    assert leaks.refit is not None
    assert leaks.refit.without == frozenset()


def test_what_cannot_be_judged_is_said(tmp_path: Path) -> None:
    (told,), leaks = _run(frame_dataset(tmp_path / "data", passengers(12), CLASSES), tmp_path / "model")
    assert isinstance(told, NotJudged)
    assert told.rule == "leakage"
    assert leaks == Leaks()


def _importance(
    tmp_path: Path, frame: pd.DataFrame, shares: dict[str, float], deviation: float | None
) -> list[Outcome]:
    data = frame_dataset(tmp_path / "data", frame, CLASSES)
    model = baseline(tmp_path / "model", data, {})
    known = {} if deviation is None else {"standard_deviation": deviation}
    columns = [{"column": name, "importance": share, **known} for name, share in shares.items()]
    model.importance.write_text(json.dumps({"loss": "log_loss", "columns": columns}), encoding="utf-8")
    return list(importance(data, model, Leaks(), 0))


@pytest.mark.parametrize("deviation", [0.01, None])
def test_columns_of_noise_are_named_where_they_are_most(tmp_path: Path, deviation: float | None) -> None:
    rng, frame = np.random.default_rng(3), passengers()
    noise = {f"noise {n}": rng.normal(size=len(frame)) for n in range(6)}
    shares = {"age": 0.3, "deck": 0.2, "fare": 0.1, **dict.fromkeys(noise, 0.001)}
    (found,) = _importance(tmp_path, frame.assign(**noise), shares, deviation)
    assert isinstance(found, Finding)
    assert (found.rule, found.severity) == ("uninformative_columns", "warning")
    assert {case.column for case in found.cases} == set(noise)
    (without,) = found.counterfactuals
    assert abs(without.before - without.after) < 0.05


def test_columns_that_repeat_what_others_say_are_not_called_silent(tmp_path: Path) -> None:
    frame = tumours()
    shares = {str(name): 0.0 for name in frame.columns if name != "label"} | {"mean area": 0.5, "mean texture": 0.3}
    assert _importance(tmp_path, frame, shares, 0.01) == []


def test_a_column_that_decides_almost_alone_is_a_warning(tmp_path: Path) -> None:
    (found,) = _importance(tmp_path, passengers(), {"age": 0.9, "deck": 0.05, "fare": 0.05}, 0.01)
    assert isinstance(found, Finding)
    assert (found.rule, found.severity) == ("dominant_column", "warning")
    assert found.measured == pytest.approx(0.9)
    assert [each.change for each in found.counterfactuals] == ["drop `age`"]


def test_a_baseline_without_importance_cannot_be_judged(tmp_path: Path) -> None:
    data = frame_dataset(tmp_path / "data", passengers(), CLASSES)
    told = list(importance(data, baseline(tmp_path / "model", data, {}), Leaks(), 0))
    assert [each.rule for each in told if isinstance(each, NotJudged)] == ["dominant_column", "uninformative_columns"]


def _series(tmp_path: Path, spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> list[Outcome]:
    table = shops().sort_values(["shop", "day"], ignore_index=True)
    data = series_dataset(tmp_path, spoil(table))
    return list(time_leakage(data, baseline(tmp_path / "model", data, {})))


def test_clean_series_have_no_future_in_them(tmp_path: Path) -> None:
    assert _series(tmp_path / "one", lambda table: table) == []

    def with_honest_columns(table: pd.DataFrame) -> pd.DataFrame:
        sold = table.groupby("shop")["sold"]
        noise = np.random.default_rng(0).normal(size=len(table)) * sold.transform("std").to_numpy()
        return table.assign(
            last_week=sold.shift(7),
            orders=sold.shift(-2) + 0.5 * noise,
            n=range(len(table)),
        )

    assert _series(tmp_path / "two", with_honest_columns) == []


def test_a_column_that_is_the_target_of_later_is_critical(tmp_path: Path) -> None:
    (found,) = _series(tmp_path, lambda table: table.assign(plan=table.groupby("shop")["sold"].shift(-3) * 2))
    assert isinstance(found, Finding)
    assert (found.rule, found.severity) == ("time_leakage", "critical")
    assert [case.column for case in found.cases] == ["plan"]
    assert "3 rows later" in found.cases[0].detail


def test_a_column_that_is_the_target_of_the_same_time_is_a_warning(tmp_path: Path) -> None:
    (found,) = _series(tmp_path, lambda table: table.assign(with_tax=table["sold"] * 1.19))
    assert isinstance(found, Finding)
    assert (found.rule, found.severity) == ("dominant_column", "warning")
    assert [case.column for case in found.cases] == ["with_tax"]


def test_training_rows_later_than_the_test_are_critical(tmp_path: Path) -> None:
    # The importer refuses such a split; other writers of the format may not.
    data = series_dataset(tmp_path, shops())
    axis = TimeAxis(data.time_column, data.series_column, data.horizon, data.period)
    with DatasetWriter(tmp_path / "back", data.task, "shops.csv", data.columns, data.label_column, axis) as writer:
        for split, other in {"train": "test", "validation": "validation", "test": "train"}.items():
            writer.add_rows(data.table(split), other)
    back = Dataset.open(tmp_path / "back")
    (found,) = time_leakage(back, baseline(tmp_path / "model", back, {}))
    assert isinstance(found, Finding)
    assert (found.rule, found.severity) == ("time_leakage", "critical")
    assert len(found.cases) == back.counts["train"] + back.counts["validation"]
    assert found.cases[0].id.startswith("shops.csv:")
