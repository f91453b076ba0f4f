"""A data set's images as lines of an import file again, in the form in which they can be spoiled and imported."""

import io
import json
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from ...components.data.dataset import Dataset
from ...components.data.images import open_rgb, read_image
from ...components.data.items import SPLITS, Item, Task
from ...components.data.storage import write_atomically
from .planting import Planted, Spoiled, Victims, another_label

Change = Callable[[Image.Image], Image.Image]

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG"}


@dataclass
class Pictures:
    """Images that are being spoiled, training images first.

    Attributes:
        task: an image task.
        items: changed in place; `ml_use` is the split. Only images that are spoiled or copied get files of their own.
        origins: of each item, its id in the data as they are; "" for a copy.
        labels: the classes.
        victims: training images with a label or a box.
        folder: for the files.
        rng: decides what is spoiled.
    """

    task: Task
    items: list[Item]
    origins: list[str]
    labels: list[str]
    victims: Victims
    folder: Path
    rng: np.random.Generator

    def another_label(self, given: list[str]) -> str:
        """A label that is not given.

        Raises:
            CannotPlantError: there is none.
        """
        return another_label(self.labels, given, self.rng)

    def redraw(self, place: int, change: Change) -> None:
        """Gives an item a changed copy of its image, in the same format."""
        self.rewrite(place, lambda data: _encoded(change(open_rgb(data)), self.items[place].uri))

    def rewrite(self, place: int, change: Callable[[bytes], bytes]) -> None:
        """Gives an item a file of its own with changed bytes."""
        item = self.items[place]
        file = self.folder / "images" / f"{place + 1}{PurePosixPath(item.uri).suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(change(read_image(item)))
        self.items[place] = replace(item, uri=str(file.absolute()))

    def add_copy(self, place: int, split: str, change: Change | None = None) -> tuple[int, int]:
        """Adds an item with a copy of another's image, changed or not, in the end: the lines of both."""
        self.items.append(replace(self.items[place], ml_use=split))
        self.origins.append("")
        copy = len(self.items) - 1
        if change:
            self.redraw(copy, change)
        else:
            self.rewrite(copy, lambda data: data)
        return place + 1, copy + 1

    def write(self, planted: list[Planted], not_planted: dict[str, str]) -> Spoiled:
        """Writes a Vertex AI import file (JSON Lines)."""
        file = self.folder / "faults.jsonl"
        with write_atomically(file) as aside, aside.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(_line(item, self.task), ensure_ascii=False) + "\n" for item in self.items)
        return Spoiled(str(file), planted, not_planted, self.origins)


def read_pictures(data: Dataset, flagged: Collection[str], folder: Path, rng: np.random.Generator) -> Pictures:
    """Reads a data set's images back as records; no image is opened.

    Args:
        data: a data set of images.
        flagged: ids of the images that the gate finds something wrong with.
        folder: for the files; an earlier one's are removed.
        rng: decides what is spoiled.
    """
    shutil.rmtree(folder / "images", ignore_errors=True)
    items = [replace(item, ml_use=split) for split in SPLITS for item in data.items(split)]
    origins = [item.id for item in items]
    train = [place for place, item in enumerate(items) if item.ml_use == "train" and (item.labels or item.boxes)]
    is_flagged = np.isin(origins, list(flagged))
    return Pictures(data.task, items, origins, data.labels, Victims(train, is_flagged, rng), folder, rng)


def _encoded(image: Image.Image, uri: str) -> bytes:
    """An image file in the format of another."""
    data = io.BytesIO()
    image.save(data, _FORMATS.get(PurePosixPath(uri).suffix.lower(), "PNG"), quality=95)
    return data.getvalue()


def _line(item: Item, task: Task) -> dict[str, Any]:
    line: dict[str, Any] = {
        "imageGcsUri": item.uri,
        "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": item.ml_use},
    }
    if task is Task.IMAGE_CLASSIFICATION:
        return line | {"classificationAnnotations": [{"displayName": label} for label in item.labels]}
    boxes = [
        {"displayName": box.label, "xMin": box.xmin, "yMin": box.ymin, "xMax": box.xmax, "yMax": box.ymax}
        for box in item.boxes
    ]
    return line | {"boundingBoxAnnotations": boxes}
