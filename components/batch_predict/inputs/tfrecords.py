"""TFRecord files, as they are or in gzip."""

import gzip
from collections.abc import Iterator
from typing import BinaryIO, cast

from ...data import storage
from ...prediction.examples import key_of
from ...prediction.tfrecord import frame_lengths, read_frames
from ..records import Record
from .record_files import Reader

# The first byte of any tf.train.Example with a feature, and of no kind of image file.
_EXAMPLE = b"\n"


def _counted(uri: str) -> Iterator[object]:
    with _open(uri) as file:
        yield from read_frames(file) if _is_compressed(uri) else frame_lengths(file)


def _images(uri: str, name: str) -> Iterator[Record]:
    """Yields frames with an image file or with an Example."""
    for record in _rows(uri, name):
        if record.form == "example" and not record.payload.startswith(_EXAMPLE):
            yield Record(record.source, record.source, "image", payload=record.payload)
        else:
            yield record


def _rows(uri: str, name: str) -> Iterator[Record]:
    with _open(uri) as file:
        for number, data in enumerate(read_frames(file), 1):
            source = f"{name}:{number}"
            if isinstance(data, bytes):
                yield Record(key_of(data) or source, source, "example", payload=data)
            else:
                yield Record(source, source, "bad", fault=str(data))


def _open(uri: str) -> BinaryIO:
    file = storage.open_binary(uri)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if _is_compressed(uri) else file


def _is_compressed(uri: str) -> bool:
    return uri.lower().endswith(".gz")


IMAGE_FRAMES = Reader(_counted, _images)
ROW_FRAMES = Reader(_counted, _rows)
