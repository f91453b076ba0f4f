"""Import files of image datasets, by the service's import schemas.

Formats: https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and
https://cloud.google.com/vertex-ai/docs/image-data/object-detection/prepare-data.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform import schema

from . import bucket
from .errors import invalid

_IO = schema.dataset.ioformat.image
_ANNOTATION = schema.dataset.annotation.image
ML_USE = "aiplatform.googleapis.com/ml_use"
_BOX_FIELDS = ("displayName", "xMin", "yMin", "xMax", "yMax")
_ITEM_FIELDS = {"imageGcsUri", "dataItemResourceLabels"}
# Import schema to the name of the annotations in JSON lines and to the schema that training asks for.
_ANNOTATIONS = {
    _IO.single_label_classification: ("classificationAnnotation", _ANNOTATION.classification),
    _IO.multi_label_classification: ("classificationAnnotations", _ANNOTATION.classification),
    _IO.bounding_box: ("boundingBoxAnnotations", _ANNOTATION.bounding_box),
}
IMAGE_SCHEMAS = tuple(_ANNOTATIONS)


@dataclass(frozen=True)
class ImageItem:
    """An image of a dataset.

    Attributes:
        uri: where it is.
        labels: names of its annotations.
        boxes: (x min, y min, x max, y max) of each annotation, as parts of the image's size; None if it has no boxes.
        use: training, validation or test; "" if the file does not say.
        annotation_schema: what kind of annotations it has.
    """

    uri: str
    labels: tuple[str, ...]
    boxes: tuple[tuple[float, ...], ...] | None
    use: str
    annotation_schema: str


def read_items(uris: list[str], import_schema: str) -> tuple[list[ImageItem], list[str]]:
    """The images in import files, and what is wrong with the lines that have none.

    Raises:
        ApiError: a file is missing.
    """
    items, errors = [], []
    for uri, text in bucket.texts(uris):
        for number, parse in enumerate(_lines(uri, text, import_schema), 1):
            try:
                items.append(parse())
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                errors.append(f"{uri}, line {number}: {error}")
    return items, errors


def _lines(uri: str, text: str, import_schema: str) -> Iterator[Callable[[], ImageItem]]:
    if uri.endswith(".jsonl"):
        return (lambda line=line: _from_json(json.loads(line), import_schema) for line in text.splitlines())
    if uri.endswith(".csv"):
        return (lambda row=row: _from_csv(row, import_schema) for row in csv.reader(io.StringIO(text)))
    raise invalid(f"{uri} is neither .csv nor .jsonl.")


def _from_json(line: dict[str, Any], import_schema: str) -> ImageItem:
    name, annotation_schema = _ANNOTATIONS[import_schema]
    if unknown := set(line) - _ITEM_FIELDS - {name}:
        raise ValueError(f"unknown field {min(unknown)!r}")
    found = line.get(name, [])
    annotations = [found] if isinstance(found, dict) else found
    boxes = None
    if import_schema == _IO.bounding_box:
        boxes = tuple(_box([float(annotation[field]) for field in _BOX_FIELDS[1:]]) for annotation in annotations)
    labels = tuple(annotation["displayName"] for annotation in annotations)
    use = line.get("dataItemResourceLabels", {}).get(ML_USE, "")
    return _item(line["imageGcsUri"], labels, boxes, use, annotation_schema)


def _from_csv(row: list[str], import_schema: str) -> ImageItem:
    """A row: [ML_USE,] URI, and labels or label, x min, y min, , , x max, y max, , ."""
    use, uri, *rest = row if not row[0].startswith("gs://") else ["", *row]
    annotation_schema = _ANNOTATIONS[import_schema][1]
    if import_schema != _IO.bounding_box:
        return _item(uri, tuple(label for label in rest if label), None, use, annotation_schema)
    if not any(rest):
        return _item(uri, (), (), use, annotation_schema)
    box = _box([float(rest[at]) for at in (1, 2, 5, 6)])
    return _item(uri, (rest[0],), (box,), use, annotation_schema)


def _item(uri: str, labels: tuple[str, ...], boxes: Any, use: str, annotation_schema: str) -> ImageItem:
    if not uri.startswith("gs://"):
        raise ValueError(f"{uri!r} is no Cloud Storage URI")
    if use.lower() not in ("", "training", "validation", "test", "unassigned"):
        raise ValueError(f"{use!r} is not training, validation or test")
    return ImageItem(uri, labels, boxes, use.lower().removeprefix("unassigned"), annotation_schema)


def _box(sides: list[float]) -> tuple[float, ...]:
    if not (0 <= sides[0] < sides[2] <= 1 and 0 <= sides[1] < sides[3] <= 1):
        raise ValueError(f"{sides} is no box inside the image: x min, y min, x max, y max between 0 and 1")
    return tuple(sides)
