"""What a dataset is made of: tasks, items, boxes, faults and rejects."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

SPLITS = ("train", "validation", "test")

# A box with one of these cannot be learned from: it has no inside, or nothing to call it.
_UNUSABLE = frozenset({"box_order", "box_degenerate", "box_empty_label"})


class Task(StrEnum):
    """What is to be predicted."""

    OBJECT_DETECTION = "object_detection"
    IMAGE_CLASSIFICATION = "image_classification"
    TABULAR_CLASSIFICATION = "tabular_classification"
    TABULAR_REGRESSION = "tabular_regression"
    TABULAR_FORECASTING = "tabular_forecasting"
    TEXT_CLASSIFICATION = "text_classification"

    @property
    def is_image(self) -> bool:
        """Whether the items are images (otherwise they are rows of a table)."""
        return self in (Task.OBJECT_DETECTION, Task.IMAGE_CLASSIFICATION)

    @property
    def predicts_numbers(self) -> bool:
        """Whether the answer is a number (otherwise it is one label or several)."""
        return self in (Task.TABULAR_REGRESSION, Task.TABULAR_FORECASTING)


class ColumnType(StrEnum):
    """What the values of a table's column are."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"
    DATE = "date"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Column:
    """A column of a table, under the user's own name."""

    name: str
    type: ColumnType


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """How time runs through a table of series, and how much of it is to be forecast.

    Attributes:
        time_column: of dates.
        series_column: of names of the series (Vertex AI: time_series_identifier_column); "" for a single series.
        horizon: how many periods ahead (Vertex AI: forecast_horizon).
        period: from one row of a series to the next, such as `1 day` (Vertex AI: data_granularity).
    """

    time_column: str = ""
    series_column: str = ""
    horizon: int = 0
    period: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled rectangle, its edges as fractions of the image's width and height, origin top left.

    0 to 1 when it lies in the frame; kept exactly as the data gives it, so a faulty box may be outside or reversed.
    """

    label: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def clipped(self) -> "Box":
        """The part inside the frame (of zero width or height when all of it is outside)."""
        xmin, ymin, xmax, ymax = (min(max(edge, 0.0), 1.0) for edge in (self.xmin, self.ymin, self.xmax, self.ymax))
        return Box(self.label, xmin, ymin, xmax, ymax)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an item that could nevertheless be read.

    Attributes:
        rule: name of the broken rule, such as `box_order`.
        detail: what was found, in words.
        box: index in the item's boxes, or -1 for the whole item.
    """

    rule: str
    detail: str
    box: int = -1


@dataclass
class Item:
    """One image with what the data says of it.

    Attributes:
        id: unique in the dataset: the path relative to the import file or folder, or the URI.
        uri: absolute local path or `gs://` URI of the image file.
        source: where the data says it, such as `import.jsonl:17`.
        sha256: hexadecimal digest of the image file.
        ml_use: the split that the data names (`train`, `validation`, `test`), or "" where it names none.
        width: pixels, without regard to EXIF orientation.
        height: pixels, without regard to EXIF orientation.
        phash: perceptual hash, 16 hexadecimal digits.
        labels: classes of the image (classification; several when multi-label).
        boxes: labelled boxes (detection), as given.
        faults: what the importer found wrong.
    """

    id: str
    uri: str
    source: str
    sha256: str
    ml_use: str
    width: int
    height: int
    phash: str
    labels: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def usable_boxes(self) -> list[Box]:
        """The boxes to train and to measure with: without order, size or label fault, clipped to the frame."""
        return [box for _, box in self.indexed_usable_boxes()]

    def indexed_usable_boxes(self) -> Iterator[tuple[int, Box]]:
        """Yields each usable box with its index in `boxes`, by which findings refer to it."""
        unusable = {fault.box for fault in self.faults if fault.rule in _UNUSABLE}
        for index, box in enumerate(self.boxes):
            clipped = box.clipped()
            if index not in unusable and clipped.xmin < clipped.xmax and clipped.ymin < clipped.ymax:
                yield index, clipped


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read and is not in the dataset.

    Attributes:
        source: file and line, such as `import.csv:3`.
        uri: of the image, or "" for a row of a table.
        reason: a word such as `undecodable_image`, `unreadable_file`, `too_large`, `bad_row`.
        detail: what was found, in words.
        split: the split that the data names, or "".
    """

    source: str
    uri: str
    reason: str
    detail: str
    split: str = ""
