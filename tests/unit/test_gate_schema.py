"""Columns that say nothing, broken schemas and values out of range: each planted fault is found, clean data are not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

from graduate.components.data.dataset import Dataset
from graduate.components.data_quality_gate.findings import Finding, NotJudged
from graduate.components.data_quality_gate.schema.breaks import schema_breaks
from graduate.components.data_quality_gate.schema.profile import profile
from graduate.components.data_quality_gate.schema.ranges import limits_of_values
from graduate.components.data_quality_gate.schema.values import values
from graduate.components.import_dataset.read import read_dataset

ROWS = 600
Spoil = Callable[[pd.DataFrame, np.random.Generator], object]


def people(seed: int = 0) -> pd.DataFrame:
    """People of a town, with a split; clean."""
    rng = np.random.default_rng(seed)
    places = rng.permutation(ROWS)
    return pd.DataFrame(
        {
            "age": rng.integers(1, 90, ROWS).astype(float),
            "income": rng.lognormal(10, 1, ROWS).round(2),
            "children": rng.poisson(0.6, ROWS),
            "town": rng.choice(["Basel", "Chur", "Zug"], ROWS, p=[0.6, 0.3, 0.1]),
            "member": rng.choice([True, False], ROWS),
            "ticket": [f"T {rng.integers(1000)}" for _ in range(ROWS)],
            "answer": rng.choice(["yes", "no"], ROWS),
            "ml_use": np.select([places < 60, places < 120], ["test", "validation"], "train"),
        }
    )


def dataset(folder: Path, frame: pd.DataFrame, label: str = "answer", task: str = "tabular_classification") -> Dataset:
    folder.mkdir(parents=True)
    frame.to_csv(folder / "people.csv", index=False)
    read_dataset(source=str(folder / "people.csv"), task=task, output=folder / "data", label_column=label)
    return Dataset.open(folder / "data")


def found_in(data: Dataset, reference: Dataset | None = None) -> dict[str, Finding]:
    known = profile(data)
    outcomes = [*values(data, known), *schema_breaks(data, known, profile(reference) if reference else None)]
    return {each.rule: each for each in outcomes if isinstance(each, Finding)}


@pytest.fixture
def spoiled(tmp_path: Path) -> Callable[..., dict[str, Finding]]:
    """Finds what is in the people's table after a function has spoiled it; against the clean one, where asked."""

    def look(spoil: Spoil, against_clean: bool = False) -> dict[str, Finding]:
        frame = people()
        changed = spoil(frame, np.random.default_rng(1))
        frame = changed if isinstance(changed, pd.DataFrame) else frame
        clean = dataset(tmp_path / "clean", people(seed=5)) if against_clean else None
        return found_in(dataset(tmp_path / "spoiled", frame), clean)

    return look


@pytest.mark.parametrize("seed", range(3))
def test_clean_people_have_no_finding_alone_or_against_others(tmp_path, seed):
    data, earlier = (dataset(tmp_path / str(each), people(each)) for each in (seed, seed + 10))
    assert found_in(data) == {}
    assert found_in(data, earlier) == {}


def test_titanic_and_california_have_what_their_owners_know(tmp_path, shared_datasets):
    titanic = pd.read_csv(shared_datasets / "titanic_train.csv")
    found = found_in(dataset(tmp_path / "titanic", titanic, label="Survived"))
    assert {rule: [case.column for case in each.cases] for rule, each in found.items()} == {
        "missing_values": ["Cabin"],
        "id_column": ["PassengerId"],
    }
    california = pd.read_csv(shared_datasets / "california_housing.csv")
    assert found_in(dataset(tmp_path / "cal", california, "median_house_value", "tabular_regression")) == {}


def test_measurements_of_tumours_are_no_ids_and_in_range(tmp_path):
    assert found_in(dataset(tmp_path / "tumours", load_breast_cancer(as_frame=True).frame, "target")) == {}


@pytest.mark.parametrize(
    ("rule", "column", "spoil"),
    [
        ("constant_column", "country", lambda f, rng: f.insert(0, "country", "CH")),
        ("id_column", "n", lambda f, rng: f.insert(0, "n", np.arange(ROWS) + 1)),
        ("id_column", "n", lambda f, rng: f.insert(0, "n", rng.permutation(ROWS))),
        ("id_column", "customerId", lambda f, rng: f.insert(0, "customerId", rng.choice(10**8, ROWS, replace=False))),
        ("id_column", "code", lambda f, rng: f.insert(0, "code", [f"{rng.integers(10**12):x}" for _ in range(ROWS)])),
    ],
)
def test_a_column_that_says_nothing_is_found(spoiled, rule, column, spoil):
    found = spoiled(spoil)
    assert {name: [case.column for case in each.cases] for name, each in found.items()} == {rule: [column]}


def test_a_column_with_most_values_missing_is_found_with_their_share(spoiled):
    found = spoiled(lambda f, rng: f.assign(age=f["age"].mask(np.arange(ROWS) % 5 < 3)))["missing_values"]
    assert (found.severity, found.measured, found.threshold) == ("warning", 0.6, 0.5)
    assert [(case.column, case.detail) for case in found.cases] == [("age", "60 % of the rows have no value")]


def test_an_id_is_found_even_if_some_rows_are_copied(spoiled):
    def copy(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        frame = frame.assign(n=np.arange(ROWS) + 1)
        return pd.concat([frame, frame.sample(12, random_state=0)])

    assert [case.column for case in spoiled(copy)["id_column"].cases] == ["n"]


def test_one_value_or_none_is_not_constant(spoiled):
    found = spoiled(lambda f, rng: f.assign(flag=np.where(rng.random(ROWS) < 0.7, "set", None)))
    assert found == {}


@pytest.mark.parametrize("column", ["age", "income"])
def test_values_in_a_wrong_unit_are_out_of_range_and_named_by_row(spoiled, column):
    def slip(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame.loc[10:17, column] *= 1000

    found = spoiled(slip)["range_break"]
    assert found.severity == "warning"
    assert {case.id for case in found.cases} <= {f"people.csv:{line}" for line in range(12, 20)}
    assert len(found.cases) >= 6
    assert {case.column for case in found.cases} == {column}
    assert "above" in found.cases[0].detail


def test_the_farthest_value_comes_first(spoiled):
    def slip(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame.loc[[10, 20, 30], "age"] = [90_000.0, 5_000_000.0, -70_000.0]

    assert [case.id for case in spoiled(slip)["range_break"].cases] == [f"people.csv:{n}" for n in (22, 12, 32)]


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("rows", [60, 1000, 20_000])
def test_heavy_tails_are_in_range(sigma, rows):
    for seed in range(10):
        x = np.random.default_rng(seed).lognormal(8, sigma, rows)
        low, high = limits_of_values(x) or (0, 0)
        assert low < x.min()
        assert x.max() < high


def test_a_slip_is_found_in_columns_about_zero():
    rng = np.random.default_rng(0)
    x = rng.normal(size=20_000)
    slipped = rng.choice(len(x), 200, replace=False)
    x[slipped] *= 1000
    low, high = limits_of_values(x) or (0, 0)
    found = np.flatnonzero((x < low) | (x > high))
    assert len(found) >= 180
    assert set(found) <= set(slipped)


def test_too_few_values_have_no_limits():
    assert limits_of_values(np.array([1.0, 2.0, 3.0, 4000.0])) is None
    assert limits_of_values(np.array([])) is None


def test_a_category_that_only_test_has_is_new_if_that_is_no_chance(spoiled):
    def rename(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame.loc[frame["ml_use"] == "test", "town"] = frame["town"].replace("Basel", "Bâle")
        frame.loc[frame.index[frame["ml_use"] == "test"][0], "town"] = "Olten"

    found = spoiled(rename)["new_category"]
    assert {case.detail for case in found.cases} == {"'Bâle' is new among 3 categories"}
    assert {case.split for case in found.cases} == {"test"}


def test_against_a_reference_every_new_category_is_named_one_row_of_each_first(spoiled):
    def rename(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame.loc[3:9, "town"] = "Basle"
        frame.loc[50, "town"] = "Zugg"

    found = spoiled(rename, against_clean=True)["new_category"]
    assert [case.id for case in found.cases[:2]] == ["people.csv:5", "people.csv:52"]
    assert len(found.cases) == 8


def test_a_column_gone_and_one_of_another_type_break_the_schema_critically(spoiled):
    found = spoiled(lambda f, rng: f.drop(columns="age").assign(children="many"), against_clean=True)["schema_break"]
    assert found.severity == "critical"
    assert {case.column: case.detail for case in found.cases} == {
        "age": "gone: the reference has it with number values",
        "children": "category values, where the reference has number values",
    }


def test_without_a_reference_no_column_can_be_new(tmp_path):
    data = dataset(tmp_path / "people", people())
    told = [each.rule for each in schema_breaks(data, profile(data), None) if isinstance(each, NotJudged)]
    assert told == ["new_column"]
    assert list(schema_breaks(data, profile(data), profile(data))) == []


def test_a_new_column_is_only_told(spoiled):
    found = spoiled(lambda f, rng: f.assign(height=rng.normal(170, 10, ROWS)), against_clean=True)
    assert list(found) == ["new_column"]
    assert found["new_column"].severity == "info"
    assert [case.column for case in found["new_column"].cases] == ["height"]


def test_against_a_reference_values_beyond_its_range_are_found_in_every_split(spoiled):
    def slip(frame: pd.DataFrame, rng: np.random.Generator) -> None:
        frame.loc[rng.random(ROWS) < 0.3, "age"] += 2000

    found = spoiled(slip, against_clean=True)["range_break"]
    assert {case.split for case in found.cases} == {"train", "validation", "test"}


def test_numbers_with_a_tenth_of_words_are_mixed_and_the_words_named(spoiled):
    def spoil(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(age=frame["age"].astype(str).mask(np.arange(ROWS) % 10 == 0, "unknown"))

    found = spoiled(spoil)["mixed_types"]
    assert len(found.cases) == ROWS // 10
    assert found.cases[0].detail == "'unknown' is no number, as 90 % of the values are"
    assert found.cases[0].column == "age"


def test_dates_that_are_not_in_the_calendar_break_the_schema(spoiled):
    """Month and day in the wrong order: they look like dates, and most are none."""
    days = pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%d-%m")
    found = spoiled(lambda f, rng: f.assign(day=days))["schema_break"]
    assert found.severity == "critical"
    assert [case.column for case in found.cases] == ["day"]
