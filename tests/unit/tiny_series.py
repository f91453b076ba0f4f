"""Small tables of daily series with a trend, a week and noise, as CSV files and as data sets."""

from pathlib import Path

import numpy as np
import pandas as pd

from graduate.components.data.dataset import Dataset
from graduate.components.import_dataset.read import read_dataset


def shops(days: int = 150, series: int = 4, seed: int = 0) -> pd.DataFrame:
    """Sales of shops of very different size, in any order of the rows; some values are missing."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=days)
    parts = []
    for number in range(series):
        week = 1 + 0.3 * np.sin(2 * np.pi * (np.arange(days) + number) / 7) + 0.2 * (dates.day_of_week == 5)
        sold = 10.0**number * (week + 0.004 * np.arange(days) + rng.normal(0, 0.05, days))
        sold = np.where(rng.random(days) < 0.03, np.nan, sold).round(3)
        parts.append(pd.DataFrame({"day": dates, "shop": f"shop {number}", "sold": sold, "rain": rng.random(days)}))
    return pd.concat(parts).sample(frac=1, random_state=seed)


def series_dataset(folder: Path, table: pd.DataFrame, horizon: int = 7, series_column: str = "shop") -> Dataset:
    """The data set of a table of `sold` by `day`."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "shops.csv", index=False)
    read_dataset(
        source=str(folder / "shops.csv"),
        task="tabular_forecasting",
        output=folder / "data",
        label_column="sold",
        time_column="day",
        series_column=series_column,
        horizon=horizon,
    )
    return Dataset.open(folder / "data")
