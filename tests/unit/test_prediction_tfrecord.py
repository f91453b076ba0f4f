import gzip
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from graduate.components.prediction import tfrecord
from graduate.components.prediction.tfrecord import frame, frame_lengths, read_frames

RECORDS = [b"", b"one", bytes(range(256)) * 5, b"\xff\xd8\xff three"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], bytes]:
    """What TensorFlow writes."""
    import tensorflow as tf

    def write(compression: str) -> bytes:
        path = tmp_path_factory.mktemp("tf") / "data"
        with tf.io.TFRecordWriter(str(path), compression) as writer:
            for record in RECORDS:
                writer.write(record)
        return path.read_bytes()

    return write


def read(data: bytes, is_compressed: bool = False) -> list[bytes | str]:
    """Its records, or what is wrong with them; the count is compared."""

    def file():
        return gzip.GzipFile(fileobj=io.BytesIO(data)) if is_compressed else io.BytesIO(data)

    records = [record if isinstance(record, bytes) else str(record) for record in read_frames(file())]
    if not is_compressed:
        assert len(list(frame_lengths(file()))) == len(records)
    return records


def start(number: int) -> int:
    """Where a record's frame begins."""
    return sum(len(frame(record)) for record in RECORDS[:number])


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_what_tensorflow_writes_is_read_and_written_to_the_byte(written) -> None:
    data = written("")
    assert read(data) == RECORDS
    assert b"".join(map(frame, RECORDS)) == data


def test_what_tensorflow_compresses_is_read(written) -> None:
    assert read(written("GZIP"), is_compressed=True) == RECORDS


@pytest.mark.parametrize("place", [12, 14, 15, 18])
def test_a_flipped_byte_of_the_data_spoils_its_record_alone(place: int) -> None:
    data = flipped(b"".join(map(frame, RECORDS)), start(1) + place)
    assert read(data) == [RECORDS[0], "record 2 is damaged: its checksum is another", *RECORDS[2:]]


@pytest.mark.parametrize("place", [0, 7, 8, 11])
def test_a_flipped_byte_of_a_length_loses_the_rest_which_counts_as_one(place: int) -> None:
    data = b"".join(map(frame, RECORDS))
    records = read(flipped(data, start(1) + place))
    assert records == [
        RECORDS[0],
        f"the length of record 2 is damaged, so where others begin is not known: {len(data) - start(1):,} bytes, from "
        "this record to the end of the file, are lost",
    ]


def test_a_cut_record_is_bad_wherever_the_file_ends() -> None:
    data = b"".join(map(frame, RECORDS))
    for end in range(start(3) + 1, len(data)):
        assert read(data[:end]) == [
            *RECORDS[:3],
            "the file ends within record 4: it was not written to its end",
        ]
    assert read(data[: start(3)]) == RECORDS[:3]
    assert read(b"") == []


def test_a_record_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfrecord, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(tfrecord, "_PIECE", 100)
    data = b"".join(map(frame, RECORDS))
    assert read(data) == [*RECORDS[:2], "record 3 has 1,280 bytes, at most 1,000 are read", RECORDS[3]]
    assert read(data[: start(3) - 5])[2:] == ["the file ends within record 3: it was not written to its end"]


def test_a_broken_gzip_stream_loses_the_rest_which_counts_as_one() -> None:
    # Not compressible, so that bytes of the stream are bytes of the records.
    data = gzip.compress(b"".join(frame(os.urandom(5000)) for _ in range(50)), mtime=0)
    for broken in (data[: len(data) // 2], data[:-8], flipped(data, len(data) - 2)):
        *good, last = read(broken, is_compressed=True)
        assert all(isinstance(record, bytes) for record in good)
        assert f"the gzip stream breaks off in record {len(good) + 1}" in str(last)
    assert read(b"no gzip", is_compressed=True) == [
        "the gzip stream breaks off in record 1: Not a gzipped file (b'no')"
    ]


def test_reading_holds_one_record_at_a_time(tmp_path: Path) -> None:
    """A length header that is right may name more than there is."""
    length = (tfrecord.MAX_RECORD_BYTES - 1).to_bytes(8, "little")
    crc = tfrecord._masked_crc(length).to_bytes(4, "little")
    (tmp_path / "x").write_bytes(length + crc + zlib.compress(b"x"))
    with (tmp_path / "x").open("rb") as file:
        assert [str(record) for record in read_frames(file)] == [
            "the file ends within record 1: it was not written to its end"
        ]
