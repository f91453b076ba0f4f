"""Vertex AI's import files of images in CSV: one record per image, wherever its rows stand."""

import hashlib
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...data import storage
from ...data.items import Reject
from ...data.readers.csv_rows import csv_rows
from ...data.readers.vertex_csv import image_of_row
from ..records import Record
from .image_files import image_record
from .record_files import Reader


def _counted(uri: str) -> Iterator[object]:
    return iter(np.flatnonzero(_is_first(uri)))


def _records(uri: str, name: str) -> Iterator[Record]:
    for record, is_first in zip(_rows(uri, name), _is_first(uri), strict=True):
        if is_first:
            yield record


def _is_first(uri: str) -> NDArray[np.bool_]:
    """Whether each row is the first of its image; eight bytes are held of each, as the URIs would fill the memory."""
    digests = array("Q")
    for record in _rows(uri, ""):
        digests.append(int.from_bytes(hashlib.blake2b((record.uri or record.source).encode(), digest_size=8).digest()))
    is_first = np.zeros(len(digests), bool)
    is_first[np.unique(np.frombuffer(digests, np.uint64), return_index=True)[1]] = True
    return is_first


def _rows(uri: str, name: str) -> Iterator[Record]:
    folder = storage.parent(uri)
    for row in csv_rows(uri):
        source = name + (row.source.removeprefix(storage.file_name(uri)) if isinstance(row, Reject) else f":{row.line}")
        try:
            if isinstance(row, Reject):
                raise ValueError(row.detail)
            image, _ = image_of_row(row, name, folder)
            yield image_record(image.uri, image.id, source)
        except ValueError as error:
            yield Record(source, source, "bad", fault=str(error))


IMPORT_CSV = Reader(_counted, _records)
