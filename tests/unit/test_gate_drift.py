"""Drift is found where a distribution has changed, and not where two samples differ by chance."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from tiny_series import series_dataset, shops

from graduate.components.data.dataset import Dataset
from graduate.components.data_quality_gate.drift.changes import categories_change, missing_change, numbers_change
from graduate.components.data_quality_gate.drift.drift import drift
from graduate.components.data_quality_gate.findings import Finding, NotJudged
from graduate.components.data_quality_gate.schema.profile import profile
from graduate.components.import_dataset.read import read_dataset

ROWS = 1000
NAMES = ("train", "test")


def sales(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    places = rng.permutation(ROWS)
    return pd.DataFrame(
        {
            "n": np.arange(ROWS),
            "price": rng.lognormal(3, 1, ROWS),
            "town": rng.choice(["Basel", "Chur", "Zug"], ROWS, p=[0.6, 0.3, 0.1]),
            "ticket": [f"T {number}" for number in rng.integers(0, 700, ROWS)],
            "paid": rng.choice([True, False], ROWS),
            "day": pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "answer": rng.choice(["yes", "no"], ROWS),
            "ml_use": np.select([places < 150, places < 300], ["test", "validation"], "train"),
        }
    )


def dataset(folder: Path, frame: pd.DataFrame, label: str = "answer") -> Dataset:
    folder.mkdir(parents=True)
    frame.to_csv(folder / "sales.csv", index=False)
    read_dataset(
        source=str(folder / "sales.csv"), task="tabular_classification", output=folder / "data", label_column=label
    )
    return Dataset.open(folder / "data")


def found_in(data: Dataset, reference: Dataset | None = None) -> list[tuple[str, str]]:
    """Column and split of each case."""
    outcomes = list(drift(data, profile(data), profile(reference) if reference else None))
    return [(case.column, case.split) for each in outcomes if isinstance(each, Finding) for case in each.cases]


@pytest.mark.parametrize("seed", range(3))
def test_splits_and_samples_of_the_same_origin_do_not_drift(tmp_path, seed):
    data, earlier = (dataset(tmp_path / str(each), sales(each)) for each in (seed, seed + 10))
    assert found_in(data) == []
    assert found_in(data, earlier) == []


def test_small_and_real_tables_do_not_drift(tmp_path, shared_datasets):
    assert found_in(dataset(tmp_path / "wine", load_wine(as_frame=True).frame, "target")) == []
    titanic = pd.read_csv(shared_datasets / "titanic_train.csv")
    assert found_in(dataset(tmp_path / "titanic", titanic, "Survived")) == []


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("price", lambda values: values * 3),
        ("price", lambda values: values.mask(np.arange(len(values)) % 2 == 0)),
        ("town", lambda values: values.replace("Basel", "Chur")),
        ("town", lambda values: values.replace("Basel", "Bâle")),
        ("paid", lambda values: values & (np.arange(len(values)) % 3 == 0)),
        ("answer", lambda values: values.mask(np.arange(len(values)) % 2 == 0, "yes")),
    ],
)
def test_a_column_that_has_changed_in_test_drifts_there_and_nowhere_else(tmp_path, column, change):
    frame = sales()
    is_test = frame["ml_use"] == "test"
    frame[column] = frame[column].mask(is_test, change(frame[column]))
    assert set(found_in(dataset(tmp_path / "data", frame))) == {(column, "test")}


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("price", lambda values: values + 20),
        ("town", lambda values: values.replace("Basel", "Zug")),
        ("paid", lambda values: values | True),
    ],
)
def test_a_column_that_has_changed_since_the_reference_drifts_in_train(tmp_path, column, change):
    frame = sales()
    frame[column] = change(frame[column])
    earlier, data = dataset(tmp_path / "earlier", sales(10)), dataset(tmp_path / "data", frame)
    assert found_in(data, earlier) == [(column, "train")]
    assert found_in(data) == []


def test_the_finding_says_what_has_changed_and_the_worst_comes_first(tmp_path):
    frame = sales()
    is_test = frame["ml_use"] == "test"
    frame.loc[is_test, "town"] = "Zug"
    frame.loc[is_test, "price"] *= 3
    data = dataset(tmp_path / "data", frame)
    (found,) = drift(data, profile(data), None)
    assert isinstance(found, Finding)
    assert found.severity == "warning"
    assert [case.column for case in found.cases] == ["town", "price"]
    assert found.measured > found.threshold == 0.1
    assert "'Zug'" in found.cases[0].detail
    assert "100 % of test" in found.cases[0].detail
    assert "median" in found.cases[1].detail


def test_the_splits_of_a_forecast_are_compared_with_a_reference_only(tmp_path):
    data = series_dataset(tmp_path / "now", shops())
    (outcome,) = drift(data, profile(data), None)
    assert isinstance(outcome, NotJudged)
    rainy = series_dataset(tmp_path / "rainy", shops(seed=1).assign(rain=lambda frame: frame["rain"] ** 4))
    assert found_in(rainy, data) == [("rain", "train")]


def test_the_size_of_a_change_is_of_the_unit_scale_and_its_chance_a_p_value():
    x = np.arange(1000.0)
    assert numbers_change(x, x, NAMES)[:2] == (0.0, 1.0)
    assert numbers_change(x, x + 1000, NAMES).size == 1.0
    same = categories_change(np.array([[500, 300, 0], [50, 30, 0]]), ["a", "b"], NAMES)
    other = categories_change(np.array([[500, 0, 0], [0, 80, 0]]), ["a", "b"], NAMES)
    assert (same.size, same.chance) == pytest.approx((0, 1))
    assert other.size == pytest.approx(1)
    assert other.chance < 1e-20
    assert missing_change((0, 40), (100, 100), NAMES).size == pytest.approx(0.4)


def test_of_rare_categories_only_their_sum_is_compared():
    """Which of many rare values a small sample has is chance."""
    change = categories_change(np.array([[*[2] * 100, 600], [*[0] * 100, 90]]), [f"T {n}" for n in range(100)], NAMES)
    assert (change.size, change.chance) == (0.0, 1.0)


def test_a_million_numbers_are_compared_by_the_same_sample_every_time():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=1_000_000), rng.normal(0.5, 1, 1_000_000)
    assert numbers_change(x, y, NAMES) == numbers_change(x, y, NAMES)
    assert numbers_change(x, y, NAMES).size == pytest.approx(0.1974, abs=0.01)
