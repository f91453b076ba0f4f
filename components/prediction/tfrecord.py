"""TFRecord files: frames with checksums around serialized tf.train.Example or raw bytes. (stub: INPUTS)

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

from collections.abc import Iterator
from typing import BinaryIO


def read_frames(file: BinaryIO) -> Iterator[bytes | Exception]:
    """Yields each record, or an `InputError` where its checksum is wrong; see the task."""
    raise NotImplementedError


def frame(record: bytes) -> bytes:
    """A record with its length and checksums."""
    raise NotImplementedError


def encoded_image(example: bytes) -> bytes:
    """The image file in a serialized tf.train.Example."""
    raise NotImplementedError
