"""Vertex AI's import files of images in CSV.

Formats: "Prepare image training data" for classification and for object detection,
https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data and .../object-detection/prepare-data:

    [ML_USE,]URI,LABEL[,LABEL...]
    [ML_USE,]URI,LABEL,x_min,y_min,,,x_max,y_max,,
    [ML_USE,]URI,LABEL,x_min,y_min,x_max,y_min,x_max,y_max,x_min,y_max
    [ML_USE,]URI,,,,,                                  an image without boxes

Rows of one image are merged into one record, wherever they stand. An extension of ours: a relative path, from the
import file's folder, is accepted as URI.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from .. import storage
from ..items import Box, Reject, Task
from ..splits import named_split
from .csv_rows import Row, csv_rows
from .records import Record, Records, finite_number

# Positions of the filled cells among the eight of a bounding box.
_TWO_VERTICES = [0, 1, 4, 5]
_FOUR_VERTICES = [0, 1, 2, 3, 4, 5, 6, 7]


def read_vertex_csv(uri: str, task: Task) -> Records:
    """Reads an import file.

    It is read twice: first to count the rows of each image, so that of the rows only those of unfinished images are
    held in memory.

    Args:
        uri: of the CSV file.
        task: an image task.
    """
    rows_left = Counter(_key(row) for row in _row_records(uri, task) if isinstance(row, Record))
    return Records(len(rows_left), _merged(_row_records(uri, task), rows_left))


def _key(record: Record) -> tuple[str, str]:
    # An image that stands in two splits is two items: the gate shall see it.
    return record.uri, record.ml_use


def _merged(rows: Iterator[Record | Reject], rows_left: Counter[tuple[str, str]]) -> Iterator[Record | Reject]:
    unfinished: dict[tuple[str, str], Record] = {}
    for row in rows:
        if isinstance(row, Reject):
            yield row
            continue
        key = _key(row)
        if begun := unfinished.pop(key, None):
            labels = tuple(dict.fromkeys(begun.labels + row.labels))
            row = replace(begun, labels=labels, boxes=begun.boxes + row.boxes)
        rows_left[key] -= 1
        if rows_left[key]:
            unfinished[key] = row
        else:
            yield row


def _row_records(uri: str, task: Task) -> Iterator[Record | Reject]:
    folder, name = storage.parent(uri), storage.file_name(uri)
    for row in csv_rows(uri):
        if isinstance(row, Reject):
            yield row
            continue
        try:
            yield _record(row, name, folder, task)
        except ValueError as error:
            yield Reject(f"{name}:{row.line}", "", "bad_row", str(error))


def _record(row: Row, name: str, folder: str, task: Task) -> Record:
    """One row as a record.

    Raises:
        ValueError: it is not of the format; says why.
    """
    record, cells = image_of_row(row, name, folder)
    if task == Task.OBJECT_DETECTION:
        return replace(record, boxes=_boxes(cells))
    return replace(record, labels=tuple(dict.fromkeys(label for label in cells if label)))


def image_of_row(row: Row, name: str, folder: str) -> tuple[Record, list[str]]:
    """The image that a row is of, and the cells with what the row says of it.

    Args:
        row: of an import file.
        name: of that file.
        folder: URI of the file's folder.

    Raises:
        ValueError: it names no image.
    """
    cells = [cell.strip() for cell in row.cells]
    ml_use = named_split(cells[0])
    if ml_use is not None:
        cells = cells[1:]
    if not cells or not cells[0]:
        raise ValueError("no image URI")
    uri = storage.join(folder, cells[0])
    return Record(storage.relative_name(uri, folder), uri, f"{name}:{row.line}", ml_use or ""), cells[1:]


def _boxes(cells: list[str]) -> tuple[Box, ...]:
    label, *edges = cells or [""]
    filled = [index for index, edge in enumerate(edges) if edge]
    if not filled and not label:
        return ()
    if filled not in (_TWO_VERTICES, _FOUR_VERTICES):
        raise ValueError("a box is LABEL,x_min,y_min,,,x_max,y_max,, or LABEL and four vertices")
    numbers = [finite_number(edges[index], "a coordinate") for index in filled]
    if filled == _TWO_VERTICES:
        return (Box(label, *numbers),)
    xs, ys = numbers[0::2], numbers[1::2]
    return (Box(label, min(xs), min(ys), max(xs), max(ys)),)
