"""What each tier of the tabular baseline reaches on a regression table, beside scikit-learn's default.

    python -m benchmarks.tabular_tiers --table housing.csv --label price --output tiers.md

For each seed, the rows are split 80/10/10 anew. Every tier goes the whole way: import, train, ONNX. The peer is
HistGradientBoostingRegressor as it comes, on the same rows; ratios below 1 are better than it. All use one thread.
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import onnxruntime as ort
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from threadpoolctl import threadpool_limits

from graduate.components.automl_baseline.train import train_baseline
from graduate.components.data.dataset import Dataset
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models.columns import column_tensors
from graduate.components.models.folder import ModelFolder
from graduate.components.models.table_rows import labelled_rows

_HEADINGS = ("tier", "median ratio", "ratios", "RMSE", "RMSE of the ONNX file alone", "CPU seconds", "run twice")


class Run(NamedTuple):
    """One tier on one split."""

    ratio: float
    rmse: float
    onnx_rmse: float
    cpu_seconds: float


def main() -> None:
    """Trains every tier on every split, and once more on the first; prints and writes the table."""
    options = _options()
    frame = pd.read_csv(options.table)
    rows = [" | ".join(_HEADINGS), " | ".join(["---"] * len(_HEADINGS))]
    with tempfile.TemporaryDirectory() as scratch:
        splits = [_split(frame, seed) for seed in options.seeds]
        peers = [_peer_rmse(split, options.label) for split in splits]
        datasets = [_import(split, options.label, Path(scratch) / str(place)) for place, split in enumerate(splits)]
        for effort in options.efforts:
            if effort == "autogluon" and not importlib.util.find_spec("autogluon"):
                rows.append(" | ".join([effort, "AutoGluon is not installed here", *[""] * (len(_HEADINGS) - 2)]))
                continue
            runs = [_run(dataset, effort, peer) for dataset, peer in zip(datasets, peers, strict=True)]
            rows.append(_row(effort, runs, _run(datasets[0], effort, peers[0])))
    peer_line = f"Peer, scikit-learn's default: RMSE {_several(peers, ',.0f')}; splits of seeds {options.seeds}."
    table = "\n".join([peer_line, "", *(f"| {row} |" for row in rows), ""])
    print("", table, sep="\n")
    if options.output:
        options.output.write_text(table, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True, help="a CSV file")
    parser.add_argument("--label", required=True, help="its column to predict, numbers")
    parser.add_argument("--efforts", nargs="+", default=["fast", "standard", "thorough", "autogluon"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the splits")
    parser.add_argument("--output", type=Path, help="Markdown file to write")
    return parser.parse_args()


def _split(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The table with a column `ml_use`: a tenth of the rows for validation, a tenth for test."""
    places = np.random.default_rng(seed).permutation(len(frame))
    parts = np.select([places < len(frame) // 10, places < len(frame) // 5], ["test", "validation"], "train")
    return frame.assign(ml_use=parts)


def _peer_rmse(split: pd.DataFrame, label: str) -> float:
    """RMSE of scikit-learn's default on the test rows; text columns are categories, which it takes as they are."""
    rows = split.drop(columns=[label, "ml_use"])
    rows = rows.assign(**{name: rows[name].astype("category") for name in rows.select_dtypes(exclude="number")})
    is_train, is_test = split["ml_use"] == "train", split["ml_use"] == "test"
    with threadpool_limits(1):
        peer = HistGradientBoostingRegressor(random_state=0).fit(rows[is_train], split.loc[is_train, label])
        return root_mean_squared_error(split.loc[is_test, label], peer.predict(rows[is_test]))


def _import(split: pd.DataFrame, label: str, folder: Path) -> Path:
    folder.mkdir()
    split.to_csv(folder / "table.csv", index=False)
    read_dataset(
        source=str(folder / "table.csv"), task="tabular_regression", output=folder / "dataset", label_column=label
    )
    return folder / "dataset"


def _run(dataset: Path, effort: str, peer: float) -> Run:
    print(f"--- {effort}, {dataset.parent.name}", flush=True)
    model = train_baseline(dataset, dataset.parent / effort, dataset.parent / f"{effort}.html", effort=effort)
    return Run(
        ratio=model.metrics["rmse"] / peer,
        rmse=model.metrics["rmse"],
        onnx_rmse=_onnx_rmse(model, Dataset.open(dataset)),
        cpu_seconds=model.parameters["cpu_seconds"],
    )


def _onnx_rmse(model: ModelFolder, dataset: Dataset) -> float:
    """RMSE on the test rows of the ONNX file, which is given nothing but the columns."""
    assert model.input["kind"] == "columns"
    rows = labelled_rows(dataset, "test")
    (values,) = ort.InferenceSession(model.onnx).run(None, column_tensors(rows, model.input["columns"]))
    return root_mean_squared_error(rows[dataset.label_column].to_numpy(), np.asarray(values)[:, 0])


def _row(effort: str, runs: list[Run], again: Run) -> str:
    same = "same RMSE" if again.rmse == runs[0].rmse else f"another RMSE: {again.rmse:,.0f}"
    return " | ".join(
        (
            effort,
            f"{median(run.ratio for run in runs):.3f}",
            _several([run.ratio for run in runs], ".3f"),
            _several([run.rmse for run in runs], ",.0f"),
            _several([run.onnx_rmse for run in runs], ",.0f"),
            _several([run.cpu_seconds for run in runs], ".0f"),
            same,
        )
    )


def _several(values: list[float], form: str) -> str:
    return ", ".join(format(value, form) for value in values)


if __name__ == "__main__":
    main()
