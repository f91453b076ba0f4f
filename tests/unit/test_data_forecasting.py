"""Tables of time series: their period, their order, their splits, and what cannot be used."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_series

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import SPLITS
from graduate.components.data.periods import Period, infer_period
from graduate.components.errors import InputError
from graduate.components.import_dataset.read import read_dataset


def one_series(days: int = 40) -> pd.DataFrame:
    return pd.DataFrame({"day": pd.date_range("2024-01-01", periods=days), "sold": np.arange(days, dtype=float)})


def imported(folder: Path, table: pd.DataFrame, series_column: str = "") -> Dataset:
    return tiny_series.series_dataset(folder, table, series_column=series_column)


def sold(data: Dataset, split: str) -> list[float]:
    return data.table(split)["sold"].to_pylist()


@pytest.mark.parametrize(
    ("frequency", "rows", "text"),
    [
        ("15min", 50, "15 minutes"),
        ("h", 50, "1 hour"),
        ("D", 50, "1 day"),
        ("B", 50, "1 business day"),
        ("W", 20, "1 week"),
        ("2W", 20, "2 weeks"),
        ("MS", 14, "1 month"),
        ("ME", 14, "1 month"),
        ("QE", 9, "3 months"),
        ("YS", 5, "1 year"),
    ],
)
def test_the_period_is_that_of_the_calendar(frequency: str, rows: int, text: str) -> None:
    times = pd.date_range("2023-11-01", periods=rows, freq=frequency).to_numpy().astype("datetime64[us]")
    kept = np.delete(times, rows // 2)  # a gap does not change it
    period = infer_period(kept, np.zeros(len(kept), np.int64))
    assert (str(period), Period.parse(text)) == (text, period)
    np.testing.assert_array_equal(period.places(times, np.full(rows, times[0])), np.arange(rows))


def test_clocks_may_drift() -> None:
    rng = np.random.default_rng(0)
    drift = rng.integers(-120, 120, 60).astype("timedelta64[s]")
    times = pd.date_range("2024-01-01", periods=60, freq="h").to_numpy().astype("datetime64[us]") + drift
    period = infer_period(times, np.zeros(60, np.int64))
    assert str(period) == "1 hour"
    np.testing.assert_array_equal(period.places(times, np.full(60, times[0])), np.arange(60))


def test_the_last_periods_of_each_series_are_held_out_in_the_order_of_time(tmp_path: Path) -> None:
    data = imported(tmp_path, tiny_series.shops(), "shop")
    for name in ("shop 0", "shop 3"):
        rows = {split: data.table(split).to_pylist() for split in SPLITS}
        days = {split: [row["day"] for row in rows[split] if row["shop"] == name] for split in SPLITS}
        assert [len(days[split]) for split in SPLITS] == [136, 7, 7]
        in_order = [day for split in SPLITS for day in days[split]]
        assert in_order == sorted(in_order)


def test_the_data_set_knows_its_time(tmp_path: Path) -> None:
    data = imported(tmp_path, tiny_series.shops(), "shop")
    assert (data.time_column, data.series_column, data.horizon, data.period) == ("day", "shop", 7, "1 day")
    assert json.loads((data.path / "dataset.json").read_text())["horizon"] == 7
    types = {column.name: column.type for column in data.columns}
    assert types == {"day": "date", "shop": "category", "sold": "number", "rain": "number"}


def test_other_data_sets_have_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,y\n1,2\n")
    read_dataset(str(tmp_path / "t.csv"), "tabular_regression", tmp_path / "d", "y")
    summary = json.loads((tmp_path / "d" / "dataset.json").read_text())
    for name in ("time_column", "series_column", "horizon", "period"):
        del summary[name]
    (tmp_path / "d" / "dataset.json").write_text(json.dumps(summary))  # as it was written before there were forecasts
    data = Dataset.open(tmp_path / "d")
    assert (data.time_column, data.series_column, data.horizon, data.period) == ("", "", 0, "")


def test_numbers_may_name_the_series(tmp_path: Path) -> None:
    data = imported(tmp_path, tiny_series.shops().assign(shop=lambda rows: rows["shop"].str[-1]), "shop")
    assert set(data.table("test")["shop"].to_pylist()) == {"0", "1", "2", "3"}


def test_what_cannot_be_used_is_set_aside_and_counted(tmp_path: Path) -> None:
    table = tiny_series.shops()
    short = table.loc[table["shop"] == "shop 0"].sort_values(by="day").head(20).assign(shop="short")
    table = pd.concat([table, short, table.iloc[:3]]).astype({"day": str})
    table.iloc[10, table.columns.get_loc("day")] = "2024-02-31"
    table.iloc[11, table.columns.get_loc("shop")] = None
    data = imported(tmp_path, table, "shop")
    rejects = list(data.rejects())
    assert Counter(reject.reason for reject in rejects) == {"short_series": 20, "duplicate_time": 3, "bad_row": 2}
    assert sum(data.counts.values()) + len(rejects) == len(table)
    assert "series 'short' leaves 6 rows" in next(each.detail for each in rejects if each.reason == "short_series")
    assert next(each.detail for each in rejects if each.reason == "duplicate_time").startswith(
        "the same series and time as shops.csv:"
    )


def test_gaps_are_marked_and_no_rows_made_up(tmp_path: Path) -> None:
    data = imported(tmp_path, one_series().drop(index=[10, 11, 12, 20]))
    marked = {
        row["sold"]: row["__faults__"][0]["detail"] for row in data.table("train").to_pylist() if row["__faults__"]
    }
    assert marked == {
        13.0: "3 rows missing before this one, at one row every 1 day",
        21.0: "1 row missing before this one, at one row every 1 day",
    }
    assert data.summary["faults"] == {"gap": 2}
    assert sum(data.counts.values()) == 36


def test_weekends_are_no_gaps_where_no_row_has_one(tmp_path: Path) -> None:
    table = pd.DataFrame({"day": pd.bdate_range("2024-01-01", periods=60), "sold": np.arange(60.0)})
    data = imported(tmp_path, table)
    assert (data.period, data.summary["faults"]) == ("1 business day", {})


def test_a_column_ml_use_gives_the_splits(tmp_path: Path) -> None:
    splits = ["training"] * 20 + ["validation"] * 12 + ["test"] * 8
    data = imported(tmp_path, one_series().assign(ml_use=splits))
    assert data.counts == {"train": 20, "validation": 12, "test": 8}
    with pytest.raises(InputError, match=r"shops.csv:10 is of the split train, but an earlier row of its series is of"):
        imported(tmp_path, one_series().assign(ml_use=["test"] * 8 + ["training"] * 32))


def test_rows_of_the_future_have_no_value_and_are_the_test_split(tmp_path: Path) -> None:
    table = one_series()
    table.loc[33:, "sold"] = np.nan
    data = imported(tmp_path, table)
    assert (sold(data, "test"), data.summary["faults"]) == ([None] * 7, {"label_missing": 7})


@pytest.mark.parametrize(
    ("change", "arguments", "sentence"),
    [
        ({}, {"time_column": ""}, "time_column is not given: name the column of dates: day, sold"),
        ({}, {"time_column": "days"}, "has no column 'days' for time_column: did you mean 'day'?"),
        ({}, {"series_column": "shop"}, "has no column 'shop' for series_column"),
        ({}, {"series_column": "day"}, "name the same column twice"),
        ({}, {"horizon": 0}, "horizon is 0: give how many periods ahead"),
        ({}, {"horizon": 14}, "leaves 12 rows with a value to learn from, and horizon 14 takes 15"),
        ({}, {"group_column": "sold"}, "group_column is not for forecasts"),
        ({}, {"task": "tabular_regression"}, "time_column, series_column and horizon are for tabular_forecasting"),
        ({"day": range(40)}, {}, "column 'day' of t.csv holds number values, and a time_column holds dates such as"),
        ({"sold": ["much"] * 40}, {}, "column 'sold' of t.csv holds category values, and tabular_forecasting predicts"),
        ({"day": ["2024-01-01", "2024-01-02"] * 20}, {}, "38 of 40 rows of t.csv share their time (a row every 1 day)"),
        ({"day": ["2024-01-01"] * 40}, {}, "no series has two different times"),
    ],
)
def test_what_cannot_be_forecast_is_refused(change: dict, arguments: dict, sentence: str, tmp_path: Path) -> None:
    one_series().assign(**change).to_csv(tmp_path / "t.csv", index=False)
    given = {"task": "tabular_forecasting", "label_column": "sold", "time_column": "day", "horizon": 7} | arguments
    with pytest.raises(InputError) as caught:
        read_dataset(source=str(tmp_path / "t.csv"), output=tmp_path / "d", **given)
    assert sentence in str(caught.value)
    assert not (tmp_path / "d" / "dataset.json").exists()
