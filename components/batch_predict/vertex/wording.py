"""How the service is asked, and by what its answers are found again.

Our container takes what its online requests take, with a key of ours beside it: https://cloud.google.com/vertex-ai/docs/
reference/rest/v1/projects.locations.batchPredictionJobs#instanceconfig. AutoML's models take no such configuration:
https://cloud.google.com/vertex-ai/docs/image-data/object-detection/get-predictions
"""

import mimetypes
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from ...data import storage
from ...errors import InputError
from .. import material
from ..records import Chunk, Record

# The field of a request that says which record it is; a name that no column of a user's table has.
KEY_FIELD = "graduate_key"


@dataclass(frozen=True, slots=True)
class Asked:
    """One record of the input.

    Attributes:
        number: its place in the input, from 0.
        key: as in the results.
        instance: as in the results.
        content: the image, the row, or what is wrong with it.
    """

    number: int
    key: str
    instance: dict[str, Any]
    content: Record | Mapping[str, Any] | InputError


class Wording(Protocol):
    """How a kind of model is asked."""

    def request(self, asked: Asked) -> dict[str, Any]:
        """The line of a request.

        Raises:
            InputError: the record is bad.
        """
        ...

    def mark(self, asked: Asked) -> str:
        """By what the answer is found again."""
        ...

    def mark_of(self, line: Mapping[str, Any]) -> str:
        """The mark of a line of the service's results."""
        ...


class KeyedWording:
    """Of our container: `{"graduate_key": "17", "b64": ...}`, or the columns of a row."""

    def request(self, asked: Asked) -> dict[str, Any]:
        content = asked.content
        if isinstance(content, InputError):
            raise content
        if isinstance(content, Record):
            said = _image(content)
        elif KEY_FIELD in content:
            raise InputError(f"rename the column {KEY_FIELD!r}: graduate needs that name for itself")
        else:
            said = dict(content)
        return {**said, KEY_FIELD: self.mark(asked)}

    def mark(self, asked: Asked) -> str:
        return str(asked.number)

    def mark_of(self, line: Mapping[str, Any]) -> str:
        # Where the job has no key field the key was left out of the instance, and is beside it or in it.
        found = line if "key" in line else {**line.get("instance", {}), **line}
        return str(found.get("key", found.get(KEY_FIELD, "")))


@dataclass(frozen=True)
class ImageUriWording:
    """Of AutoML's models of images: `{"content": "gs://...", "mimeType": ...}`.

    Attributes:
        folder: gs:// URI for copies of the images that are not in Cloud Storage.
    """

    folder: str

    def request(self, asked: Asked) -> dict[str, Any]:
        if not isinstance(asked.content, Record):
            raise TypeError("a model of images is asked for rows")
        uri, data = self.mark(asked), b""
        if uri != asked.content.uri:
            data = material.file_bytes(asked.content)
            storage.write_bytes(uri, data)
        return {"content": uri, "mimeType": mimetypes.guess_type(uri)[0] or _mime_type(data)}

    def mark(self, asked: Asked) -> str:
        record = asked.content
        if not isinstance(record, Record):
            return ""
        if record.form == "file" and storage.is_remote(record.uri):
            return record.uri
        suffix = mimetypes.guess_extension(asked.instance.get("mimeType") or "") or ""
        return f"{self.folder}/{asked.number}{suffix}"

    def mark_of(self, line: Mapping[str, Any]) -> str:
        return str(line["key"] if "key" in line else line["instance"].get("content", ""))


def asked(chunk: Chunk, first: int) -> Iterator[Asked]:
    """The records of a chunk, one by one.

    Args:
        chunk: of a source.
        first: number of its first record.
    """
    if isinstance(chunk, list):
        for number, record in enumerate(chunk, first):
            yield Asked(number, record.key, material.instance(record), record)
        return
    for place, row in enumerate(chunk.batch.to_pylist()):
        key = row.pop("__id__")
        yield Asked(first + place, key, row, chunk.faults.get(place) or row)


def _image(record: Record) -> dict[str, Any]:
    """An image as our container takes it: an instance that holds its own image as it is, else the file in base64."""
    instance = orjson.loads(record.payload) if record.form == "json" else None
    if isinstance(instance, dict):
        return instance
    return {"b64": b64encode(material.file_bytes(record)).decode()}


def _mime_type(data: bytes) -> str:
    """Of an image without a name: AutoML takes JPEG, PNG, GIF and the like, and only these two are usual."""
    return "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
