"""Small data sets with hand-made baselines for the gate's tests: clean unless a test spoils them."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pyarrow as pa
from PIL import Image

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import SPLITS, Box, Column, ColumnType, Item, Reject, Task
from graduate.components.models import label_probabilities, predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.label_probabilities import LabelProbabilities

CAT, DOG = Box("cat", 0.1, 0.1, 0.4, 0.4), Box("dog", 0.5, 0.5, 0.9, 0.9)
LABELS = ["cat", "dog"]
COLUMNS = [Column("size", ColumnType.NUMBER), Column("kind", ColumnType.CATEGORY)]

Splits = Mapping[str, Sequence[Item]]


def picture(seed: int) -> Image.Image:
    """A picture of coloured patches that is unlike that of any other seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(patches).resize((72, 72), Image.Resampling.BICUBIC)


def item(folder: Path, name: str, image: Image.Image, **fields: Any) -> Item:
    """An image file with its item; PNG, or JPEG where the name says so."""
    data = io.BytesIO()
    image.save(data, "JPEG" if name.endswith("jpg") else "PNG", quality=60)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.getvalue())
    digest, phash = hashlib.sha256(data.getvalue()).hexdigest(), str(imagehash.phash(image))
    return Item(name, str(path), f"import.jsonl:{name}", digest, "", *image.size, phash, **fields)


def scenes(folder: Path, train: int = 100) -> dict[str, list[Item]]:
    """Different pictures, a cat and a dog boxed in each."""
    counts = {"train": train, "validation": 8, "test": 8}
    seeds = iter(range(sum(counts.values())))
    return {
        split: [item(folder, f"{split}-{n}.png", picture(next(seeds)), boxes=[CAT, DOG]) for n in range(count)]
        for split, count in counts.items()
    }


def write_images(path: Path, splits: Splits, task: Task, rejects: Sequence[Reject] = ()) -> Dataset:
    with DatasetWriter(path, task, "import.jsonl") as writer:
        for split in SPLITS:
            for each in splits[split]:
                writer.add(each, split)
        for reject in rejects:
            writer.reject(reject)
    return Dataset.open(path)


def write_table(path: Path, rows: Mapping[str, Sequence[tuple[Any, Any]]], task: Task) -> Dataset:
    """A table of `size` and `kind`; `kind` is the label of a classification, `size` that of a regression."""
    label = "size" if task is Task.TABULAR_REGRESSION else "kind"
    lines = iter(range(2, 10_000))
    with DatasetWriter(path, task, "table.csv", COLUMNS, label) as writer:
        for split in SPLITS:
            records = [
                {
                    "size": size,
                    "kind": kind,
                    "__id__": f"table.csv:{next(lines)}",
                    "__sha256__": hashlib.sha256(f"{size}{kind}".encode()).hexdigest(),
                    "__ml_use__": "",
                    "__faults__": [],
                }
                for size, kind in rows[split]
            ]
            writer.add_rows(pa.Table.from_pylist(records, row_schema(COLUMNS)), split)
    return Dataset.open(path)


def baseline(path: Path, data: Dataset, metrics: Mapping[str, float]) -> ModelFolder:
    """A model folder without predictions and probabilities."""
    path.mkdir(parents=True)
    model = ModelFolder(
        path=path,
        name="tiny",
        task=data.task,
        labels=data.labels,
        framework="scikit-learn",
        pretrained="Nothing.",
        dataset_digests=data.digests,
        input={"kind": "image", "name": "image_tensor", "height": 72, "width": 72},
        metrics=dict(metrics),
    )
    model.save()
    return model


def detector(path: Path, data: Dataset, ap50: float = 0.7, knows: Splits | None = None) -> ModelFolder:
    """A baseline that finds every box of `knows` (what is labelled, where not given) and is sure of its label."""
    model = baseline(path, data, {"ap": 0.4, "ap50": ap50, "ap75": 0.3})
    rows: list[tuple[str, str, int, str, list[float]]] = []
    for split in SPLITS:
        known = {each.id: each.usable_boxes() for each in (knows or {}).get(split, data.items(split))}
        predictions.write(model.predictions(split), [(name, _detection(boxes)) for name, boxes in known.items()])
        for each in data.items(split):
            for index, box in each.indexed_usable_boxes():
                truth = known[each.id][index].label if index < len(known[each.id]) else box.label
                rows.append((each.id, split, index, box.label, [0.97 if truth == name else 0.03 for name in LABELS]))
    write_probabilities(model, rows)
    return model


def write_probabilities(model: ModelFolder, rows: Sequence[tuple[str, str, int, str, Sequence[float]]]) -> None:
    ids, splits, boxes, labels, probabilities = zip(*rows, strict=True)
    columns = LabelProbabilities(
        ids=list(ids),
        splits=list(splits),
        boxes=np.array(boxes, np.int32),
        labels=list(labels),
        probabilities=np.array(probabilities, np.float32),
    )
    label_probabilities.write(model.label_probabilities, columns)


def _detection(boxes: Sequence[Box]) -> predictions.LabelledPrediction:
    return {
        "displayNames": [box.label for box in boxes],
        "confidences": [0.9] * len(boxes),
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box in boxes],
    }
