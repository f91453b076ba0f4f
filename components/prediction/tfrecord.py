"""TFRecord files: frames with checksums around serialized tf.train.Example or raw bytes.

    uint64 length, uint32 masked CRC of the length, the data, uint32 masked CRC of the data; little endian

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details. By hand, as TensorFlow gives up a file
at its first flipped byte and no other library looks at the checksums.
"""

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

from ..errors import InputError
from .instances import MAX_RECORD_BYTES

_PIECE = 1 << 20
_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEADER_BYTES = _LENGTH.size + _CRC.size


def read_frames(file: BinaryIO) -> Iterator[bytes | Exception]:
    """Yields each record, or an `InputError` in its place.

    A checksum of data that is wrong spoils its record alone. Behind a length that is wrong no record can be told from
    another, so all that is left of the file is one bad record, as is a gzip stream from where it breaks off.
    `frame_lengths` counts alike.

    Args:
        file: at its beginning.
    """
    number = 0
    while True:
        number += 1
        try:
            length = _read_header(file, number)
            if length is None:
                return
            yield _read_data(file, length, number)
        except _UnreadableError as error:
            yield InputError(str(error))
            return


def frame_lengths(file: BinaryIO) -> Iterator[int]:
    """Yields the length of each record that `read_frames` yields (0 for the rest of a file), from the headers alone.

    Args:
        file: at its beginning; not of a compressed file, of which where it breaks off shows only to `read_frames`.
    """
    number = 0
    while True:
        number += 1
        try:
            length = _read_header(file, number)
        except _UnreadableError:
            yield 0
            return
        if length is None:
            return
        yield length
        file.seek(length + _CRC.size, os.SEEK_CUR)


def frame(record: bytes) -> bytes:
    """A record with its length and checksums."""
    length = _LENGTH.pack(len(record))
    return length + _CRC.pack(_masked_crc(length)) + record + _CRC.pack(_masked_crc(record))


class _UnreadableError(Exception):
    """From here on nothing of the file can be read; the message says why."""


def _read_header(file: BinaryIO, number: int) -> int | None:
    """The length of the next record; None at the end of the file."""
    header = _read(file, _HEADER_BYTES, number)
    if not header:
        return None
    if len(header) < _HEADER_BYTES:
        raise _cut(number)
    length, (crc,) = header[: _LENGTH.size], _CRC.unpack(header[_LENGTH.size :])
    if crc != _masked_crc(length):
        lost = len(header) + sum(map(len, _pieces(file, number)))
        raise _UnreadableError(
            f"the length of record {number} is damaged, so where others begin is not known: {lost:,} bytes, from this "
            "record to the end of the file, are lost"
        )
    return _LENGTH.unpack(length)[0]


def _read_data(file: BinaryIO, length: int, number: int) -> bytes | InputError:
    if length > MAX_RECORD_BYTES:
        if sum(map(len, _pieces(file, number, length + _CRC.size))) < length + _CRC.size:
            raise _cut(number)
        return InputError(f"record {number} has {length:,} bytes, at most {MAX_RECORD_BYTES:,} are read")
    data, crc = _read(file, length, number), _read(file, _CRC.size, number)
    if len(crc) < _CRC.size:
        raise _cut(number)
    if _CRC.unpack(crc)[0] != _masked_crc(data):
        return InputError(f"record {number} is damaged: its checksum is another")
    return data


def _pieces(file: BinaryIO, number: int, most: int | None = None) -> Iterator[bytes]:
    """Yields the next `most` bytes, or all that are left, piece by piece."""
    while piece := _read(file, _PIECE if most is None else min(_PIECE, most), number):
        if most is not None:
            most -= len(piece)
        yield piece


def _read(file: BinaryIO, size: int, number: int) -> bytes:
    try:
        return file.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _UnreadableError(f"the gzip stream breaks off in record {number}: {error}") from error


def _cut(number: int) -> _UnreadableError:
    return _UnreadableError(f"the file ends within record {number}: it was not written to its end")


def _masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
