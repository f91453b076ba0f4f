"""Small data sets that the service takes, read by the importer, where it is to train on them, and its time."""

import csv
import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from PIL import Image

from graduate.components.automl_baseline.vertex.settings import VertexSettings
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.import_dataset.read import read_dataset
from graduate.emulator.server import Emulator

SETTINGS = VertexSettings(project="demo", location="europe-west4", staging="gs://bucket/staging", labels="team=vision")
PARENT = "projects/demo/locations/europe-west4"
# AutoML wants a thousand rows.
ROWS = {"train": 800, "validation": 100, "test": 120}
IMAGES = {"train": 24, "validation": 6, "test": 8}
_START = date(2024, 1, 1)


def table(path: Path, task: Task) -> Dataset:
    """Visitors of shops; what they spend hangs on the radius and the city. `country` has one value only."""
    rng = np.random.default_rng(0)
    rows = [["Mean radius (mm)", "city", "opened", "country", "spends", "ml_use"]]
    for split, size in ROWS.items():
        for _ in range(size):
            radius, city = float(rng.normal(3, 1)), str(rng.choice(["Basel", "Zürich"]))
            spends = 10 * radius + 40 * (city == "Zürich")
            label = str(spends) if task is Task.TABULAR_REGRESSION else "much" if spends > 50 else "little"
            day = _START + timedelta(days=int(rng.integers(0, 300)))
            rows.append(["" if rng.random() < 0.05 else str(radius), city, day.isoformat(), "CH", label, split])
    return _read(path, rows, task, label_column="spends")


def series(path: Path, name: str = "shop") -> Dataset:
    """Daily sales, to be forecast 7 days ahead.

    Args:
        path: folder to write.
        name: of the column that names the series, four of 260 days; "" for one series of 1,040 days.
    """
    shops, days = (4, 260) if name else (1, 1040)
    rows = [[name or "note", "day", "sales"]]
    for shop in range(shops):
        for day in range(days):
            rows.append([f"shop {shop}", (_START + timedelta(days=day)).isoformat(), str(100 * shop + day % 7)])
    columns = {"label_column": "sales", "time_column": "day", "series_column": name, "horizon": 7}
    return _read(path, rows, Task.TABULAR_FORECASTING, **columns)


def images(path: Path, task: Task) -> Dataset:
    """Local pictures with a red or a blue square in the middle."""
    lines, number = [], 0
    for split, size in IMAGES.items():
        for _ in range(size):
            label = ("red", "blue")[number % 2]
            pixels = np.full((32, 32, 3), number, np.uint8)
            pixels[8:24, 8:24] = (250, 0, 0) if label == "red" else (0, 0, 250)
            Image.fromarray(pixels).save(path / f"{number}.png")
            box = {"displayName": label, "xMin": 0.25, "yMin": 0.25, "xMax": 0.75, "yMax": 0.75}
            is_detection = task is Task.OBJECT_DETECTION
            found = {"boundingBoxAnnotations": [box]} if is_detection else {"classificationAnnotation": box}
            use = {"dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": split}}
            lines.append(json.dumps({"imageGcsUri": f"{number}.png", **found, **use}))
            number += 1
    (path / "import.jsonl").write_text("\n".join(lines))
    read_dataset(str(path / "import.jsonl"), task, path / "dataset")
    return Dataset.open(path / "dataset")


def until(engine: Emulator, condition: Callable[[], bool]) -> None:
    """Lets the service's time pass until the condition holds, and then stand still."""
    engine.clock.step = 0
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        engine.clock.advance(0.5)
        time.sleep(0.02)


def _read(path: Path, rows: list[list[str]], task: Task, **columns: str | int) -> Dataset:
    path.mkdir()
    with (path / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    read_dataset(str(path / "table.csv"), task, path / "dataset", **columns)  # pyright: ignore[reportArgumentType]
    return Dataset.open(path / "dataset")
