"""A model folder with everything in it that the baseline's page shows, and names that are HTML."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from graduate.components.automl_baseline.report.write import write_report
from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Column, ColumnType, Task, TimeAxis
from graduate.components.models import feature_transforms, history, hyperparameters, leaderboard, predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.hyperparameters import Hyperparameters
from graduate.components.models.leaderboard import Trial
from graduate.components.models.measured import measure_on_test

EVIL = "<script>document.title = 'evil'</script>"
COLUMNS = [
    Column("day", ColumnType.DATE),
    Column("shop", ColumnType.CATEGORY),
    Column("a rather long name of a column", ColumnType.NUMBER),
    Column("sold", ColumnType.NUMBER),
]


def forecast_page(folder: Path) -> Path:
    """The page of a forecast of two shops' sales, one of which is named like a script."""
    dataset = _sales(folder / "data")
    model = ModelFolder(
        path=folder / "model",
        name="baseline forecast",
        task=dataset.task,
        labels=[],
        framework="vertex",
        pretrained="Trained from nothing.",
        dataset_digests=dataset.digests,
        input={"kind": "columns", "columns": []},
        parameters={
            "vertex": {"training_pipeline": "projects/mine/locations/us-central1/trainingPipelines/1" + "0" * 40},
            "cost_usd": 25.3,
            "note": EVIL,
        },
    )
    _write_files(model, dataset)
    write_report(model, dataset, folder / "page.html")
    return folder / "page.html"


def _write_files(model: ModelFolder, dataset: Dataset) -> None:
    test = dataset.table("test").to_pylist()
    answers = {row["__id__"]: {"value": row["sold"] + 2.0 * (place % 3)} for place, row in enumerate(test)}
    predictions.write(model.predictions("test"), answers.items())  # pyright: ignore[reportArgumentType]
    measure_on_test(model, dataset, answers)  # pyright: ignore[reportArgumentType]
    transforms = feature_transforms.describe(dataset.table("train"), COLUMNS[:-1])
    feature_transforms.write(model.feature_transforms, transforms)
    trials = [
        Trial(
            name=f"{EVIL} {number}",
            hyperparameters={f"setting_{place}": 0.123456 for place in range(9)},
            validation={"rmse": 10.0 + number},
            cpu_seconds=3.0,
            chosen=not number,
        )
        for number in range(3)
    ]
    leaderboard.write(model.leaderboard, trials)
    chosen = Hyperparameters(estimator="a.Model", hyperparameters=trials[0].hyperparameters, note=EVIL)
    hyperparameters.write(model.hyperparameters, chosen)
    columns = [{"column": column.name, "importance": 3.0, "standard_deviation": 1.0} for column in COLUMNS]
    model.importance.write_text(json.dumps({"loss": "rmse", "columns": columns}))
    history.write(model.path, [{"step": step, "loss": 1 / step} for step in range(1, 9)])


def _sales(folder: Path) -> Dataset:
    axis = TimeAxis("day", "shop", 7, "1 day")
    start, rng = datetime(2026, 1, 1, tzinfo=UTC), np.random.default_rng(0)
    days = {"train": range(30), "validation": range(30, 37), "test": range(37, 44)}
    with DatasetWriter(folder, Task.TABULAR_FORECASTING, "sales.csv", COLUMNS, "sold", axis) as writer:
        for split, in_split in days.items():
            rows = [
                {
                    "day": start + timedelta(days=day),
                    "shop": shop,
                    COLUMNS[2].name: float(rng.normal()),
                    "sold": 100 + 10 * float(np.sin(day)) + float(rng.normal()),
                    "__id__": f"sales.csv:{shop} {day}",
                    "__sha256__": hashlib.sha256(f"{shop} {day}".encode()).hexdigest(),
                    "__ml_use__": split,
                    "__faults__": [],
                }
                for day in in_split
                for shop in ("Bern", EVIL)
            ]
            writer.add_rows(pa.Table.from_pylist(rows, row_schema(COLUMNS)), split)
    return Dataset.open(folder)
