"""Vertex AI's import files of images in JSON Lines.

Formats: the schemas image_classification_single_label, image_classification_multi_label and image_bounding_box of
https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and .../object-detection/prepare-data.
An extension of ours: a relative path, from the import file's folder, is accepted in `imageGcsUri`.
"""

from collections.abc import Iterator

from pydantic import Field, FiniteFloat

from .. import storage
from ..items import Box, Reject, Task
from .json_lines import Classification, Line, json_lines
from .records import Record, Records


class _BoundingBox(Classification):
    x_min: FiniteFloat
    y_min: FiniteFloat
    x_max: FiniteFloat
    y_max: FiniteFloat


class _Line(Line):
    image_gcs_uri: str = Field(min_length=1)
    bounding_box_annotations: list[_BoundingBox] = Field(default_factory=list)


def read_vertex_jsonl(uri: str, task: Task) -> Records:
    """Reads an import file, one image per line.

    Args:
        uri: of the JSON Lines file.
        task: an image task.
    """
    with storage.open_binary(uri) as lines:
        total = sum(1 for line in lines if line.strip())
    return Records(total, _records(uri, task))


def _records(uri: str, task: Task) -> Iterator[Record | Reject]:
    folder, name = storage.parent(uri), storage.file_name(uri)
    for line in json_lines(uri, _Line):
        yield line if isinstance(line, Reject) else _record(line[1], f"{name}:{line[0]}", folder, task)


def _record(line: _Line, source: str, folder: str, task: Task) -> Record:
    uri = storage.join(folder, line.image_gcs_uri)
    record_id = storage.relative_name(uri, folder)
    if task == Task.OBJECT_DETECTION:
        boxes = (
            Box(box.display_name, box.x_min, box.y_min, box.x_max, box.y_max) for box in line.bounding_box_annotations
        )
        return Record(record_id, uri, source, line.ml_use, boxes=tuple(boxes))
    return Record(record_id, uri, source, line.ml_use, labels=tuple(line.labels))
