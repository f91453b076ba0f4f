"""What a record is made of: its pixels, its image file, and what the results say of it."""

import io
import mimetypes
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ..data import storage
from ..errors import InputError
from ..prediction.answers import Outcome, said
from ..prediction.decode import decode
from .records import Record

Line = dict[str, Any]


def pixels(record: Record) -> NDArray[np.uint8]:
    """The picture of a record, as the model takes it.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        InputError: it is bad, has no picture, or its picture cannot be read.
        StorageUnavailableError: Cloud Storage cannot say what is in the file; that may pass.
    """
    if record.form == "json":
        from ..prediction.instances import image_of  # only where there are any: workers are to start fast

        return image_of(_json(record), may_read_files=True)
    return decode(_image_file(record))


def fetched(record: Record) -> Record:
    """The record with the content of its file where that is in Cloud Storage: what waits for the network needs no core.

    Raises:
        StorageUnavailableError: as `pixels`.
    """
    if record.form != "file" or not storage.is_remote(record.uri):
        return record
    try:
        return replace(record, form="image", payload=_read(record))
    except InputError as error:
        return replace(record, form="bad", fault=str(error))


def file_bytes(record: Record) -> bytes:
    """The image file of a record, not decoded; where the record gives pixels, a PNG of them.

    Raises:
        InputError: as `pixels`.
        StorageUnavailableError: as `pixels`.
    """
    if record.form != "json":
        return _image_file(record)
    from PIL import Image

    from ..prediction.instances import image_file_of

    data = image_file_of(_json(record), may_read_files=True)
    if data is not None:
        return data
    file = io.BytesIO()
    Image.fromarray(pixels(record)).save(file, "PNG")
    return file.getvalue()


def instance(record: Record) -> dict[str, Any]:
    """What a line of results says of a record: the URI of its file, or where it is; never its content."""
    if record.form != "file":
        return {"source": record.source}
    mime_type, _ = mimetypes.guess_type(record.uri)
    return {"content": record.uri, "mimeType": mime_type}


def line(key: str, instance: dict[str, Any], outcome: Outcome) -> Line:
    """A line of a result or an error file.

    Args:
        key: of the record.
        instance: of the record, or the row of a table.
        outcome: its prediction, or what was raised in its place.
    """
    return {"key": key, "instance": instance, **said(outcome)}


def _image_file(record: Record) -> bytes:
    match record.form:
        case "file":
            return _read(record)
        case "image":
            return record.payload
        case "example":
            from ..prediction.examples import encoded_image

            return encoded_image(record.payload)
        case _:
            raise InputError(record.fault)


def _read(record: Record) -> bytes:
    try:
        data = storage.read_bytes(record.uri)
    except OSError as error:
        raise InputError(f"{record.uri} ({record.source}) cannot be read: {error}") from error
    if record.sha256 and sha256(data).hexdigest() != record.sha256:
        raise InputError(f"{record.uri} ({record.source}) has changed since it was imported. Import the data again.")
    return data


def _json(record: Record) -> Any:
    try:
        return orjson.loads(record.payload)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{record.source} is not JSON: {error}") from None
