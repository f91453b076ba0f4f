"""What the data-quality gate costs on a large table, beside pandera alone and TFDV's statistics on the same file.

    python -m benchmarks.gate_tables --scratch scratch/ --tfdv-python tfdv/bin/python

Makes a table of 30 columns (numbers with heavy tails, categories, dates, booleans, missing values, an id, a label) with
some copied rows, slips and broken types, and imports it, which is not counted. Each way then runs in a process of its
own: seconds on the wall without the loading of libraries, and the most memory that the process ever held, with them.
The gate is all that it does but leakage and labels, which it does on a sample. `--tfdv-python` is left out where there
is none: TFDV wants tensorflow 2.16 and pandas 1 (`pip install tensorflow-data-validation dill setuptools`).

Measured with 1,000,000 rows on 2 cores (TFDV in another run, on cores that other work kept busy: its CPU seconds tell):

| way | seconds | CPU seconds | peak memory, MiB |
| --- | --- | --- | --- |
| gate | 17.2 | 17.0 | 561 |
| pandera, the same checks | 1.2 | 1.7 | 807 |
| TFDV's statistics by pandas | 1.5 | 1.6 | 808 |
| TFDV, generate_statistics | 61.8 | 11.1 | 2,044 |
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.memory import peak_mib
from graduate.components.data.dataset import Dataset
from graduate.components.data_quality_gate.drift.drift import drift
from graduate.components.data_quality_gate.duplicates.copies import duplicates_and_overlap
from graduate.components.data_quality_gate.findings import Finding, NotJudged, Outcome, marked
from graduate.components.data_quality_gate.labels.balance import balance
from graduate.components.data_quality_gate.page.evidence import page_context
from graduate.components.data_quality_gate.schema import profile as profiles
from graduate.components.data_quality_gate.schema.breaks import schema_breaks
from graduate.components.data_quality_gate.schema.marks import schema_and_types
from graduate.components.data_quality_gate.schema.texts import text_faults
from graduate.components.data_quality_gate.schema.values import values
from graduate.components.data_quality_gate.verdict import decide
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models.folder import ModelFolder
from graduate.components.reports.page import render

Steps = dict[str, float]
_T = TypeVar("_T")
_LABEL = "label"
_HEADINGS = ("way", "seconds", "CPU seconds", "peak memory, MiB", "of which, in seconds")
# Runs where TFDV is installed, which wants pandas 1, numpy 1 and tensorflow 2.16: an environment of its own.
_TFDV = """
import sys, time, json, resource
import tensorflow_data_validation as tfdv
import pyarrow.parquet as pq
start = time.perf_counter()
tfdv.generate_statistics_from_dataframe(pq.read_table(sys.argv[1]).to_pandas(), n_jobs=2)
own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = sum(each.ru_utime + each.ru_stime for each in (own, workers))
peak = (own.ru_maxrss + workers.ru_maxrss) / 1024  # Of the largest worker.
print(json.dumps({"seconds": time.perf_counter() - start, "cpu": cpu, "peak": peak, "steps": {}}))
"""


def main() -> None:
    """Makes the table where it is not there yet, runs all ways, prints one Markdown row each."""
    options = _options()
    if options.way:
        print(json.dumps(_measured(_WAYS[options.way], options.scratch)))
        return
    table = options.scratch / "table.parquet"
    if not table.exists():
        options.scratch.mkdir(parents=True, exist_ok=True)
        _make(table, options.rows)
    _import(table, options.scratch / "dataset")
    itself = [sys.executable, "-m", "benchmarks.gate_tables", "--scratch", str(options.scratch), "--way"]
    commands = {way: [*itself, way] for way in _WAYS}
    if options.tfdv_python:
        commands["TFDV, generate_statistics"] = [str(options.tfdv_python), "-c", _TFDV, str(table)]
    print(f"| {' | '.join(_HEADINGS)} |", f"| {' | '.join(['---'] * len(_HEADINGS))} |", sep="\n", flush=True)
    for way, command in commands.items():
        run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in run["steps"].items())
        figures = f"{run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak']:,.0f}"
        print(f"| {way} | {figures} | {steps} |", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the table and the data set; kept")
    parser.add_argument("--tfdv-python", type=Path, help="a Python that has tensorflow-data-validation")
    parser.add_argument("--way", choices=list(_WAYS), help="run this one only, on what is in the folder")
    return parser.parse_args()


def _make(table: Path, rows: int) -> None:
    rng = np.random.default_rng(0)
    columns: dict[str, pd.Series | np.ndarray] = {"row_id": np.arange(rows) + 1000}
    for name, numbers in {
        "normal": rng.normal(size=rows),
        "exponential": rng.exponential(30, rows),
        "income": rng.lognormal(10, 1, rows),
        "transfer": rng.pareto(1.5, rows) + 1,
        "age": rng.integers(18, 95, rows),
        "visits": rng.poisson(3, rows),
        "gain": rng.lognormal(7, 1, rows) * (rng.random(rows) < 0.08),
    }.items():
        columns |= {f"{name}_{copy}": rng.permutation(numbers) for copy in range(2)}
    for kinds in (2, 5, 12, 60, 400, 3000):
        columns[f"kind_{kinds}"] = pd.Series(rng.integers(0, kinds, rows)).map("kind {}".format)
    for name in ("opened", "closed"):
        columns[name] = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3_000, rows), "D").to_series()
    columns |= {f"flag_{share}": rng.random(rows) < share / 100 for share in (5, 50)}
    columns |= {f"score_{number}": np.round(rng.beta(2, 5, rows), 3) for number in range(4)}
    columns[_LABEL] = pd.Series(np.where(columns["score_0"] + rng.normal(0, 0.2, rows) > 0.4, "yes", "no"))
    frame = pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})
    pq.write_table(pa.Table.from_pandas(_spoiled(frame, rng), preserve_index=False), table)


def _spoiled(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """With missing values, slips by a factor of 1,000, numbers that are words, and copies of rows."""
    rows = len(frame)
    for name in ("age_0", "income_0", "score_1", "kind_5"):
        frame[name] = frame[name].astype("string" if name == "kind_5" else float).mask(rng.random(rows) < 0.1)
    frame.loc[rng.random(rows) < 0.0005, "age_0"] *= 1000
    frame["age_1"] = frame["age_1"].astype(str).mask(rng.random(rows) < 0.001, "unknown")
    frame.iloc[rng.choice(rows, rows // 1000)] = frame.iloc[rng.choice(rows, rows // 1000)].to_numpy()
    return frame


def _import(table: Path, dataset: Path) -> None:
    if not (dataset / "dataset.json").exists():
        read_dataset(source=str(table), task="tabular_classification", output=dataset, label_column=_LABEL)


def _measured(way: Callable[[Path], Steps], scratch: Path) -> dict[str, object]:
    start = time.process_time()
    steps = way(scratch)
    cpu = time.process_time() - start
    return {"seconds": sum(steps.values()), "cpu": cpu, "peak": peak_mib(), "steps": steps}


def _timed(steps: Steps, name: str, work: Callable[[], _T]) -> _T:
    start = time.perf_counter()
    result = work()
    steps[name] = time.perf_counter() - start
    return result


def _gate(scratch: Path) -> Steps:
    """All of the gate's steps that look at the table itself, as the judge calls them, and the page."""
    data, steps = Dataset.open(scratch / "dataset"), {}
    model = ModelFolder(
        path=scratch / "none",
        name="none",
        task=data.task,
        labels=data.labels,
        framework="scikit-learn",
        pretrained="",
        dataset_digests=data.digests,
        input={"kind": "columns", "columns": []},
    )
    profile = _timed(steps, "profile", lambda: profiles.profile(data))
    outcomes: list[Outcome] = []
    for name, check in {
        "marks": lambda: schema_and_types(data),
        "values": lambda: values(data, profile),
        "breaks": lambda: schema_breaks(data, profile, None),
        "texts": lambda: text_faults(data),
        "duplicates": lambda: duplicates_and_overlap(data, model),
        "balance": lambda: balance(data),
        "drift": lambda: drift(data, profile, None),
    }.items():
        outcomes += _timed(steps, name, lambda check=check: list(check()))
    findings = marked((each for each in outcomes if isinstance(each, Finding)), frozenset())
    verdict = decide(None, findings, [each for each in outcomes if isinstance(each, NotJudged)])
    context = _timed(steps, "page", lambda: page_context(data, model, verdict, profile))
    _timed(steps, "HTML", lambda: render("data_quality_gate/page/page.html", **context))
    print(*(f"{each.rule}: {each.message}" for each in findings), sep="\n")
    return steps


def _pandera(scratch: Path) -> Steps:
    """The schema that the gate would make of this table as a reference, on all columns of the Parquet file at once."""
    steps: Steps = {}
    frame = _timed(steps, "read", lambda: pd.read_parquet(scratch / "table.parquet"))
    columns = {str(name): _column(values) for name, values in frame.items()}
    schema = pandera.DataFrameSchema(columns, strict=True)
    _timed(steps, "validate", lambda: schema.validate(frame, lazy=True))
    return steps


def _column(values: pd.Series) -> pandera.Column:
    checks = []
    if pd.api.types.is_string_dtype(values.dtype):
        checks = [pandera.Check.isin(values.dropna().unique().tolist())]
    elif pd.api.types.is_float_dtype(values.dtype) or pd.api.types.is_integer_dtype(values.dtype):
        checks = [pandera.Check.in_range(values.min(), values.max())]
    return pandera.Column(values.dtype, checks, nullable=True)


def _statistics(scratch: Path) -> Steps:
    """What TFDV's statistics hold, by pandas: counts, moments, quantiles, histograms, the commonest values."""
    steps: Steps = {}
    frame = _timed(steps, "read", lambda: pd.read_parquet(scratch / "table.parquet"))
    _timed(steps, "describe", lambda: frame.describe(include="all", percentiles=np.linspace(0.1, 0.9, 9)))
    numbers = frame.select_dtypes("number")
    _timed(steps, "histograms", lambda: [np.histogram(each.dropna(), 10) for _, each in numbers.items()])
    others = frame.select_dtypes(exclude=["number", "datetime"])
    _timed(steps, "top values", lambda: [each.value_counts().head(100) for _, each in others.items()])
    return steps


_WAYS = {"gate": _gate, "pandera, the same checks": _pandera, "TFDV's statistics by pandas": _statistics}

if __name__ == "__main__":
    main()
