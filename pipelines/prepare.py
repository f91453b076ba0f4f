"""`graduate prepare`: images in the files that prediction services take.

images.tfrecord-NNNNN-of-NNNNN   tfrecord: a tf.train.Example per image
requests-NNNNN-of-NNNNN.jsonl    jsonl: a line {"key", "b64"} per image
request-NNNNN-of-NNNNN.json      json-requests: a body {"instances": [{"key", "b64"}, ...]}
report.json                      what was done, and which images were set aside and why; without it, it was not done
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..components.batch_predict import material
from ..components.batch_predict.pictures import open_pictures, records_of
from ..components.batch_predict.records import Record, Source
from ..components.data import storage
from ..components.data.progress import Progress
from ..components.data.threads import map_in_order
from ..components.errors import InputError
from ..components.prediction import requests
from ..components.prediction.requests import Resizing
from ..components.prediction.tfrecord import frame

Form = Literal["tfrecord", "jsonl", "json-requests"]

# A body of a request is a file of its own.
_FILE_BYTES: dict[Form, int] = {"tfrecord": 100_000_000, "jsonl": 100_000_000, "json-requests": 1}
_NAMES: dict[Form, str] = {
    "tfrecord": "images.tfrecord-{:05d}-of-{:05d}",
    "jsonl": "requests-{:05d}-of-{:05d}.jsonl",
    "json-requests": "request-{:05d}-of-{:05d}.json",
}


@dataclass
class _Tally:
    """How many images were good, and what was wrong with the others."""

    images: int = 0
    set_aside: list[dict[str, str]] = field(default_factory=list)


def prepare(input: str, *, output: str, form: Form = "tfrecord", size: str = "", quality: int = 90) -> None:
    """Write images to TFRecord files or JSON requests, as prediction services take them.

    Args:
        input: images in any form that batch_predict takes: a folder, a list of files, an import file, JSON lines,
            TFRecord files, a data set; a path or a gs:// URI.
        output: a new or an empty folder; a path or a gs:// URI.
        form: tfrecord, files of about 100 MB with the features of the TF Object Detection API; jsonl, as large, with a
            line for each image, for batch prediction; json-requests, bodies of at most 1.5 MB, for online prediction.
        size: WIDTHxHEIGHT in pixels, or the longest side, to which larger images are brought down; JPEG and PNG files
            stay as they are where not given.
        quality: of the JPEG that a resized image is written as, 1 to 95.
    """
    resizing = Resizing.of(size, quality) if size else None
    source, tally = open_pictures(input), _Tally()
    try:
        if storage.list_files(output):
            raise InputError(f"{output} is not empty: give another folder")
        with tempfile.TemporaryDirectory(prefix=".prepare-", dir=_room_of(output)) as room:
            files = _write(_pieces(source, form, resizing, tally), Path(room), _FILE_BYTES[form])
            if not files:
                first = tally.set_aside[0]
                raise InputError(f"no image of {input} is good; the first is {first['key']}: {first['reason']}")
            _publish(files, output, _NAMES[form])
        described = {"input": input, "form": form, "size": size, "quality": quality if size else None}
        counted = {"images": tally.images, "files": len(files), "set_aside": tally.set_aside}
        report = json.dumps({**described, **counted}, indent=2, ensure_ascii=False) + "\n"
        storage.write_bytes(storage.join(output, "report.json"), report.encode())
    except OSError as error:
        raise InputError(f"{input} cannot be prepared in {output}: {error}") from error
    aside = f"; {len(tally.set_aside):,} were set aside, see report.json" if tally.set_aside else ""
    print(f"{tally.images:,} images in {len(files):,} files in {output}{aside}")


def _pieces(source: Source, form: Form, resizing: Resizing | None, tally: _Tally) -> Iterator[bytes]:
    """Yields what is not to be cut: a record, a line or a body of a request."""
    good = _good(source, form, resizing, tally)
    return requests.bodies(good) if form == "json-requests" else good


def _good(source: Source, form: Form, resizing: Resizing | None, tally: _Tally) -> Iterator[bytes]:
    """Yields what is written of each good image, in their order."""

    def said(record: Record) -> tuple[Record, bytes | InputError]:
        try:
            return record, _said(record, form, resizing)
        except InputError as error:
            return record, error

    progress = Progress("prepare", "images", source.count)
    for record, outcome in map_in_order(said, records_of(source)):
        if isinstance(outcome, bytes):
            tally.images += 1
            yield outcome
        else:
            tally.set_aside.append({"key": record.key, "source": record.source, "reason": str(outcome)})
        progress.advance(note=f"{len(tally.set_aside):,} set aside")


def _said(record: Record, form: Form, resizing: Resizing | None) -> bytes:
    image = requests.encoded(material.file_bytes(record), resizing)
    if form == "tfrecord":
        return frame(requests.example(record.key, image))
    instance = requests.instance(record.key, image)
    if form == "jsonl":
        return instance + b"\n"
    requests.check_fits(instance)
    return instance


def _write(pieces: Iterable[bytes], room: Path, most: int) -> list[Path]:
    """Writes files of at most so many bytes, or of one piece."""
    files, size = [], 0
    for piece in pieces:
        if not files or size + len(piece) > most:
            files.append(room / str(len(files)))
            size = 0
        with files[-1].open("ab") as file:
            file.write(piece)
        size += len(piece)
    return files


def _room_of(output: str) -> str | None:
    """Where files are written before their number is known: in the folder itself, if it is on this machine."""
    if storage.is_remote(output):
        return None
    Path(output).mkdir(parents=True, exist_ok=True)
    return output


def _publish(files: list[Path], output: str, name: str) -> None:
    for number, file in enumerate(files):
        target = storage.join(output, name.format(number, len(files)))
        if storage.is_remote(target):
            storage.upload(file, target)
        else:
            file.replace(target)
