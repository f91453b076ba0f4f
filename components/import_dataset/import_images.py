"""From records of images to a dataset: every image is opened once, and what is wrong with it is marked."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagehash

from ..data import storage
from ..data.boxes import box_faults, in_fractions
from ..data.dataset import DatasetWriter
from ..data.images import ImageError, open_rgb
from ..data.items import Fault, Item, Reject, Task
from ..data.progress import Progress
from ..data.readers.detect import read_records
from ..data.readers.records import Record
from ..data.splits import hashed_split
from ..data.threads import map_in_order
from .usable import check_usable

# Vertex AI takes no larger one: https://docs.cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data
_LARGEST_FILE = 30_000_000  # bytes


def import_images(source: str, task: Task, output: str | Path) -> dict[str, Any]:
    """Reads labelled images into a dataset.

    Args:
        source: import file or folder.
        task: an image task.
        output: dataset folder to write.

    Returns:
        The summary of the dataset.

    Raises:
        InputError: the format is unknown, or there is no readable or no labelled image.
        OSError: the source cannot be opened.
    """
    records = read_records(source, task)
    progress = Progress("import", "images", records.total)
    with DatasetWriter(output, task, source) as writer:
        for result in map_in_order(lambda record: _examine(record, task), _with_unique_ids(records.stream)):
            if isinstance(result, Reject):
                writer.reject(result)
            else:
                writer.add(result, result.ml_use or hashed_split(result.sha256))
            progress.advance()
        check_usable(writer, source, task)
    progress.finish()
    return writer.summary


def _with_unique_ids(records: Iterable[Record | Reject]) -> Iterator[Record | Reject]:
    """An image that the data name again is an item again, with a number behind its id."""
    seen: Counter[str] = Counter()
    for record in records:
        if isinstance(record, Record):
            seen[record.id] += 1
            if seen[record.id] > 1:
                record = replace(record, id=f"{record.id}#{seen[record.id]}")
        yield record


def _examine(record: Record | Reject, task: Task) -> Item | Reject:
    """Opens the image of a record; what is a reject already stays one."""
    if isinstance(record, Reject):
        return record
    try:
        data = storage.read_bytes(record.uri)
        image = open_rgb(data)
    except ImageError as error:
        return Reject(record.source, record.uri, error.reason, str(error), record.ml_use)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have.
        return Reject(record.source, record.uri, "unreadable_file", str(error), record.ml_use)
    width, height = image.size
    boxes = [in_fractions(box, width, height) if record.in_pixels else box for box in record.boxes]
    faults = [fault for index, box in enumerate(boxes) for fault in box_faults(index, box, width, height)]
    if task == Task.IMAGE_CLASSIFICATION and not record.labels:
        faults.append(Fault("label_missing", "the image has no label"))
    if len(data) > _LARGEST_FILE:
        faults.append(Fault("large_file", f"the file has {len(data) / 1e6:.1f} MB"))
    return Item(
        id=record.id,
        uri=record.uri,
        source=record.source,
        sha256=hashlib.sha256(data).hexdigest(),
        ml_use=record.ml_use,
        width=width,
        height=height,
        phash=str(imagehash.phash(image)),
        labels=list(record.labels),
        boxes=boxes,
        faults=faults,
    )
