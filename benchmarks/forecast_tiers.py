"""What each tier of the forecasting baseline reaches on made-up series, beside two peers.

    python -m benchmarks.forecast_tiers --output forecasts.md

For each seed, series are made anew: shops whose sales differ by up to four orders of magnitude, with a trend, a week, a
year and noise that fades slowly; values and whole rows are missing, and one series is too short. Every tier goes the
whole way: import, train, ONNX. The peers see the same rows: the forecast that repeats the last season, and
HistGradientBoostingRegressor of scikit-learn as it comes, on the raw values of a window, the step ahead, the calendar
and the series. All use one thread; the last 28 days of each series are forecast, from what is before them.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from graduate.components.automl_baseline.train import train_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.data.periods import Period
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models.folder import SeriesInput
from graduate.components.models.metrics import forecast_metrics
from graduate.components.models.model_rows import model_rows
from graduate.components.models.onnx_runner import OnnxRunner
from graduate.components.models.seasons import seasonal_naive
from graduate.components.models.series_windows import SeriesRows, calendar_columns

HORIZON = 28
_SHOPS, _DAYS = 8, 900
_PEER_CONTEXT, _PEER_SAMPLES = 56, 100_000
_HEADINGS = ("seed", "forecast", "RMSE", "as a share of the last season's", "WAPE", "CPU seconds")


class Result(NamedTuple):
    """One forecast of one seed's test rows."""

    seed: int
    name: str
    metrics: dict[str, float]
    cpu_seconds: float


def main() -> None:
    """Forecasts the series of every seed by peers and tiers; prints and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--efforts", nargs="+", default=["fast", "standard"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    options = parser.parse_args()
    rows = [_HEADINGS, ("---",) * len(_HEADINGS)]
    with tempfile.TemporaryDirectory() as scratch:
        for seed in options.seeds:
            dataset = _import(_shops(seed), Path(scratch) / str(seed))
            results = [*_peers(dataset, seed), *(_tier(dataset, effort, seed) for effort in options.efforts)]
            rows += [_row(result, results[0].metrics["rmse"]) for result in results]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"
    print("", table, sep="\n")
    if options.output:
        options.output.write_text(table, encoding="utf-8")


def _shops(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.date_range("2021-01-01", periods=_DAYS)
    shops = [_shop(f"shop {number}", days, rng) for number in range(_SHOPS)]
    table = pd.concat([*shops, shops[0].head(20).assign(shop="short")])
    return table.loc[rng.random(len(table)) > 0.01].sample(frac=1, random_state=seed)


def _shop(name: str, days: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    """One series; the phase of its year and the shape of its week are its own."""
    week, year = rng.normal(0, 0.25, 7)[days.day_of_week], days.day_of_year / 365.25 + rng.uniform()
    noise = pd.Series(rng.normal(0, 0.1, len(days))).ewm(alpha=0.4, adjust=False).mean() * 2
    trend = rng.uniform(-0.3, 0.8) * np.arange(len(days)) / len(days)
    sold = 10 ** rng.uniform(0, 4) * (1 + trend + week + 0.3 * np.sin(2 * np.pi * year) + noise)
    is_known = rng.random(len(days)) > 0.03
    return pd.DataFrame({"day": days, "shop": name, "sold": np.where(is_known, sold, np.nan).round(3)})


def _import(table: pd.DataFrame, folder: Path) -> Dataset:
    folder.mkdir()
    table.to_csv(folder / "shops.csv", index=False)
    read_dataset(
        source=str(folder / "shops.csv"),
        task="tabular_forecasting",
        output=folder / "dataset",
        label_column="sold",
        time_column="day",
        series_column="shop",
        horizon=HORIZON,
    )
    return Dataset.open(folder / "dataset")


def _peers(dataset: Dataset, seed: int) -> list[Result]:
    known = SeriesRows(dataset)
    rows, steps = known.of_split("test", HORIZON)
    naive = seasonal_naive(dataset, "test")
    repeated = np.array([naive[identity] for identity in known.ids[rows]])
    start = time.process_time()
    with threadpool_limits(1):
        boosted = _boosted(known, rows, steps, seed)
    seconds = time.process_time() - start
    return [
        Result(seed, "last season", _measured(known, rows, repeated), 0.0),
        Result(seed, "scikit-learn on raw values", _measured(known, rows, boosted), seconds),
    ]


def _boosted(known: SeriesRows, rows: NDArray[np.int64], steps: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    columns = calendar_columns(Period(1, "day"))
    described: SeriesInput = {
        "kind": "series",
        "context": _PEER_CONTEXT,
        "horizon": HORIZON,
        "period": "1 day",
        "columns": columns,
    }

    def features(rows: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.hstack([*known.inputs(rows, steps, described).values(), known.series[rows, None].astype(np.float32)])

    rng = np.random.default_rng(seed)
    candidates = np.flatnonzero((known.splits == "train") & np.isfinite(known.truth))
    drawn, ahead = rng.choice(candidates, _PEER_SAMPLES), rng.integers(1, HORIZON + 1, _PEER_SAMPLES)
    has_past = known.place[drawn] - ahead >= _PEER_CONTEXT // 2
    drawn, ahead = drawn[has_past], ahead[has_past]
    peer = HistGradientBoostingRegressor(random_state=seed).fit(features(drawn, ahead), known.truth[drawn])
    return peer.predict(features(rows, steps))


def _tier(dataset: Dataset, effort: str, seed: int) -> Result:
    """What the ONNX file of a tier makes of the test rows."""
    folder = dataset.path.parent
    model = train_baseline(dataset.path, folder / effort, folder / f"{effort}.html", effort=effort, seed=seed)
    assert model.input["kind"] == "series"
    known, runner = SeriesRows(dataset), OnnxRunner(model)
    rows, _ = known.of_split("test", HORIZON)
    found = [
        prediction["value"]
        for batch in model_rows(dataset, ["test"], model.input, rows=1024)
        for prediction in runner.predict_rows(batch)
        if "value" in prediction
    ]
    name = f"{effort}: {model.name.lower()}"
    return Result(seed, name, _measured(known, rows, np.array(found)), model.parameters["cpu_seconds"])


def _measured(known: SeriesRows, rows: NDArray[np.int64], values: NDArray[np.float64]) -> dict[str, float]:
    truth = known.truth[rows]
    return forecast_metrics(truth[np.isfinite(truth)], values[np.isfinite(truth)])


def _row(result: Result, naive: float) -> tuple[str, ...]:
    rmse, wape = result.metrics["rmse"], result.metrics["wape"]
    return (
        str(result.seed),
        result.name,
        f"{rmse:,.1f}",
        f"{rmse / naive:.3f}",
        f"{wape:.4f}",
        f"{result.cpu_seconds:.1f}",
    )


if __name__ == "__main__":
    main()
