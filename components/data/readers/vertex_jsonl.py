"""Vertex AI's import files of images in JSON Lines.

Formats: the schemas image_classification_single_label, image_classification_multi_label and image_bounding_box of
https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and .../object-detection/prepare-data.
An extension of ours: a relative path, from the import file's folder, is accepted in `imageGcsUri`.
"""

import codecs
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError
from pydantic.alias_generators import to_camel

from .. import storage
from ..items import Box, Reject, Task
from ..splits import named_split
from .records import Record, Records


def _split(word: str) -> str:
    split = named_split(word)
    if split is None:
        raise ValueError(f"{word!r} is none of training, validation, test")
    return split


class _Schema(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, str_strip_whitespace=True)


class _Classification(_Schema):
    display_name: str = ""


class _BoundingBox(_Classification):
    x_min: FiniteFloat
    y_min: FiniteFloat
    x_max: FiniteFloat
    y_max: FiniteFloat


class _ResourceLabels(_Schema):
    ml_use: Annotated[str, AfterValidator(_split)] = Field("", alias="aiplatform.googleapis.com/ml_use")


class _Line(_Schema):
    image_gcs_uri: str = Field(min_length=1)
    classification_annotation: _Classification | None = None
    classification_annotations: list[_Classification] = []
    bounding_box_annotations: list[_BoundingBox] = []
    data_item_resource_labels: _ResourceLabels = Field(default_factory=lambda: _ResourceLabels.model_validate({}))


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
    with storage.open_binary(uri) as lines:
        for number, text in enumerate(lines, start=1):
            text = text.removeprefix(codecs.BOM_UTF8).strip()
            source = f"{name}:{number}"
            try:
                if text:
                    yield _record(_Line.model_validate_json(text), source, folder, task)
            except ValidationError as error:
                yield Reject(source, "", "bad_row", _first_sentence(error))


def _record(line: _Line, source: str, folder: str, task: Task) -> Record:
    uri = storage.join(folder, line.image_gcs_uri)
    record_id, ml_use = storage.relative_name(uri, folder), line.data_item_resource_labels.ml_use
    if task == Task.OBJECT_DETECTION:
        boxes = (
            Box(box.display_name, box.x_min, box.y_min, box.x_max, box.y_max) for box in line.bounding_box_annotations
        )
        return Record(record_id, uri, source, ml_use, boxes=tuple(boxes))
    annotations = [*line.classification_annotations, line.classification_annotation or _Classification()]
    labels = dict.fromkeys(annotation.display_name for annotation in annotations if annotation.display_name)
    return Record(record_id, uri, source, ml_use, labels=tuple(labels))


def _first_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
