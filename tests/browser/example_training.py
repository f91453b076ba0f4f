"""Model folders with everything in them that a training's page shows, with names that are HTML."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from graduate.components.data.dataset import Dataset, DatasetWriter
from graduate.components.data.items import Box, Item, Task
from graduate.components.fine_tune.page.write import write_page_of_training
from graduate.components.fine_tune.restore import variables
from graduate.components.fine_tune.restore.variables import VariableRow
from graduate.components.models import history, predictions
from graduate.components.models.folder import ModelFolder

EVIL = "<script>document.title = 'evil'</script>"
LONG = "a_name_without_any_place_to_break_" * 8
FEW = ["ace", "jack", "king", "nine", "queen", "ten", EVIL]
MANY = [f"label {place:02}" for place in range(89)] + [LONG]


def detection_page(folder: Path, labels: Sequence[str] = FEW, images: int = 40) -> Path:
    """The page of a detector that misses some boxes, takes some for others and sees some where nothing is."""
    rng = np.random.default_rng(0)
    items = [_scene(folder / "images", place, labels, rng) for place in range(images)]
    answers = {item.id: _guess(item, labels, rng) for item in items}
    return _page(folder, _dataset(folder, items, Task.OBJECT_DETECTION), answers)


def classification_page(folder: Path, labels: Sequence[str] = FEW, several: bool = False) -> Path:
    """The page of a classifier of images, with one label or with several."""
    rng = np.random.default_rng(0)
    items = []
    for place in range(60):
        own = [labels[code] for code in sorted(rng.choice(len(labels), 1 + several * int(rng.integers(3)), False))]
        items.append(_item(folder / "images", place, labels=own))
    answers = {}
    for item in items:
        scores = rng.random(len(labels)) + [0.6 * (label in item.labels) for label in labels]
        shares = scores / 1.6 if several else scores / scores.sum()
        answers[item.id] = predictions.of_probabilities(list(labels), shares)
    return _page(folder, _dataset(folder, items, Task.IMAGE_CLASSIFICATION), answers)


def _scene(folder: Path, place: int, labels: Sequence[str], rng: np.random.Generator) -> Item:
    """An image with a few boxes."""
    boxes = []
    for label in rng.choice(labels, int(rng.integers(1, 6))):
        x, y = rng.uniform(0, 0.6, 2)
        width, height = rng.uniform(0.15, 0.4, 2)
        boxes.append(Box(str(label), x, y, x + width, y + height))
    return _item(folder, place, boxes)


def _item(folder: Path, place: int, boxes: Sequence[Box] = (), labels: Sequence[str] = ()) -> Item:
    """An image of soft colours."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{place}.png"
    colours = np.random.default_rng(place).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(colours).resize((200, 150)).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = f"import.jsonl:{place}"
    return Item(f"images/{place}.png", str(path), source, digest, "", 200, 150, "0" * 16, list(labels), list(boxes))


def _dataset(folder: Path, items: Sequence[Item], task: Task) -> Dataset:
    """A data set whose test split has the items."""
    with DatasetWriter(folder / "data", task, "import.jsonl") as writer:
        for item in items:
            writer.add(item, "test")
    return Dataset.open(folder / "data")


def _guess(item: Item, labels: Sequence[str], rng: np.random.Generator) -> Any:
    found = []
    for box in item.boxes:
        if rng.random() < 0.8:
            label = box.label if rng.random() < 0.8 else str(rng.choice(labels))
            left, top = np.clip(np.array([box.xmin, box.ymin]) + rng.normal(0, 0.01, 2), 0, 1)
            found.append((label, float(rng.uniform(0.3, 1)), [left, box.xmax, top, box.ymax]))
    if rng.random() < 0.4:
        found.append((str(rng.choice(labels)), float(rng.uniform(0.1, 0.7)), [0.7, 0.95, 0.7, 0.9]))
    found.sort(key=lambda each: -each[1])
    names, confidences, boxes = zip(*found, strict=True) if found else ((), (), ())
    return {"displayNames": list(names), "confidences": list(confidences), "bboxes": list(boxes)}


def _page(folder: Path, dataset: Dataset, answers: Any) -> Path:
    model = ModelFolder(
        path=folder / "model",
        name="custom detector",
        task=dataset.task,
        labels=dataset.labels,
        framework="tensorflow",
        pretrained=f"Backbone and heads restored from {EVIL}, 268 of 272 variables.",
        dataset_digests=dataset.digests,
        input={"kind": "image", "name": "image_tensor", "height": 300, "width": 300},
        parameters={
            "architecture": "ssdlite_mobilenet_v2",
            "batch_size": 16,
            "steps": 1150,
            "best_step": 900,
            "stopped": "Stopped after step 1150: ap50 has not been better than 0.8123 of step 900 in 5 evaluations.",
            "resumed_from": 400,
            "training_seconds": 754.3,
            "chosen_by": "The best weights are chosen on 103 training images that were held out.",
            "warm_start": "It started from the learning rate of the baseline.",
            "unfreeze_at_step": [300, 600],
            "levers": {"num_steps": 1500, "augmentation": {"horizontal_flip": True}, "module": EVIL},
            "not_taken_over": [f"train_config.{EVIL}: graduate has no such lever", "eval_input_reader"],
            "set_aside": [{"id": EVIL, "reason": "the image cannot be decoded"}],
            "learning_rate": 3e-3,
        },
    )
    predictions.write(model.predictions("test"), answers.items())
    # Not measured, as the resamples of 90 labels take seconds.
    model.metrics, model.metric_intervals = {"ap": 0.5783, "ap50": 0.636}, {"ap50": [0.557, 0.752]}
    history.write(model.path, _curve())
    variables.write(model.variables, _variables())
    config = {"num_steps": 1500, "module": EVIL, "augmentation": {"horizontal_flip": True, "zoom": 0.3}}
    model.config.write_text(yaml.safe_dump(config))
    model.save()
    write_page_of_training(model, dataset, folder / "page.html")
    return folder / "page.html"


def _curve() -> list[dict[str, float]]:
    """Points of every 25 steps, with an evaluation at each fourth."""
    points = []
    for step in range(25, 1151, 25):
        losses = {"classification": 3 * 0.5 ** (step / 200) + 0.2, "localisation": 0.5 ** (step / 300) + 0.05}
        rate = 3e-3 * min(step / 100, (1500 - step) / 1400)
        measured = {"validation_ap50": 0.82 - 0.8 * 0.5 ** (step / 150)} if step % 100 == 0 else {}
        measured |= {"validation_classification": 2 * 0.5 ** (step / 150) + 0.5} if measured else {}
        points.append({"step": step, "learning_rate": rate, **losses, **measured})
    return points


def _variables() -> list[VariableRow]:
    backbone = [
        VariableRow(f"Conv_{place}/kernel", (3, 3, 16, 32), "backbone", f"FeatureExtractor/Conv_{place}/weights", "")
        for place in range(40)
    ]
    heads = [
        VariableRow(f"heads/{EVIL}/kernel", (1, 1, 96, 42), "heads", "", "the number of classes is another one: 91"),
        VariableRow("heads/boxes/kernel", (1, 1, 96, 24), "heads", "heads/boxes/kernel", ""),
        VariableRow("heads/scale", (), "heads", "", "not in the checkpoint"),
    ]
    when = {row.name: "from step 600" if place < 20 else "from step 300" for place, row in enumerate(backbone)}
    when["Conv_0/kernel"] = "frozen"
    return variables.learned([*backbone, *heads], {row.name: "always" for row in heads} | when)
