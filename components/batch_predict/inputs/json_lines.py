"""JSON lines: instances, rows, and Vertex AI's import files of images, of which only `imageGcsUri` is read.

https://docs.cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions and
https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
"""

from collections.abc import Iterator
from typing import Any

import orjson

from ...data import storage
from ...prediction.instances import file_of
from ..records import Record
from .image_files import image_record
from .lines import Line, lines_of
from .record_files import Reader

_KEY, _IMPORTED = "key", "imageGcsUri"


def _images(uri: str, name: str) -> Iterator[Record]:
    for line in lines_of(uri):
        yield _image(line, f"{name}:{line.number}", storage.parent(uri))


def _rows(uri: str, name: str) -> Iterator[Record]:
    for line in lines_of(uri):
        yield _parsed(line, f"{name}:{line.number}")[0]


def _image(line: Line, source: str, folder: str) -> Record:
    record, instance = _parsed(line, source)
    file = instance.get(_IMPORTED) or file_of(instance)
    if not isinstance(file, str) or not file:
        return record
    uri = storage.join(folder, file)
    return image_record(uri, _key_of(instance) or storage.relative_name(uri, folder), source)


def _parsed(line: Line, source: str) -> tuple[Record, dict[str, Any]]:
    """The record of a line, and its object where it is one."""
    if line.fault:
        return Record(source, source, "bad", fault=line.fault), {}
    try:
        value = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        return Record(source, source, "bad", fault=f"the line is not JSON: {error}"), {}
    instance = value if isinstance(value, dict) else {}
    return Record(_key_of(instance) or source, source, "json", payload=line.content), instance


def _key_of(instance: dict[str, Any]) -> str:
    key = instance.get(_KEY)
    return str(key) if isinstance(key, str | int | float) else ""


IMAGE_LINES = Reader(lines_of, _images)
ROW_LINES = Reader(lines_of, _rows)
