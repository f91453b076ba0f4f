"""What the members say of the items of a split, and how long it takes them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.images import read_image
from ..data.progress import Progress
from ..errors import InputError
from ..models import predictions as prediction_files
from ..models.folder import ColumnsInput, ImageInput
from ..models.model_rows import model_rows
from ..models.onnx_runner import OnnxRunner
from ..models.predictions import Prediction
from ..prediction.answers import said
from ..prediction.decode import decode
from ..prediction.ensemble import Combination
from .members import recorded_validation

_ROWS = 1024  # in a call of a model of tables

# Predictions by item id.
Answers = dict[str, Prediction]
# The ids of some items, and a call that has a member predict them.
_Call = tuple[list[str], Callable[[OnnxRunner], Sequence[Prediction]]]


@dataclass(frozen=True)
class Answered:
    """What each member said of a split.

    Attributes:
        answers: of each member.
        seconds: processor time for an item, of each member: the median of its calls.
    """

    answers: list[Answers]
    seconds: list[float]


def ask(members: Sequence[OnnxRunner], dataset: Dataset, split: str, described: ImageInput | ColumnsInput) -> Answered:
    """Has the members predict all items of a split as batch prediction does: image by image, or many rows in a call.

    They take turns at each call, so that their times are measured side by side.

    Raises:
        InputError: an image is gone or has changed since it was imported, a column is absent, or a member answers
            what is no number.
    """
    answers: list[Answers] = [{} for _ in members]
    seconds: list[list[float]] = [[] for _ in members]
    progress = Progress(f"predict {split}", "items", dataset.counts[split])
    for turn, (ids, call) in enumerate(_calls(dataset, split, described)):
        if not turn:  # a model's first call takes longer, and no other does
            for member in members:
                call(member)
        for place, member in enumerate(members):
            start = time.thread_time()
            found = dict(zip(ids, call(member), strict=True))
            seconds[place].append((time.thread_time() - start) / len(ids))
            _check_finite(member, found)
            answers[place] |= found
        progress.advance(len(ids))
    return Answered(answers, [float(np.median(each)) if each else 0.0 for each in seconds])


def ask_honestly(
    members: Sequence[OnnxRunner], dataset: Dataset, described: ImageInput | ColumnsInput
) -> list[Answers]:
    """What each member says, or said, of the validation items without having learned from them.

    Most are asked now, as ONNX, with all that a conversion to int8 has changed. Those that were fitted on the
    validation rows in the end have on record what they said before.
    """
    records = [recorded_validation(member.folder) for member in members]
    asked = [member for member, record in zip(members, records, strict=True) if not record]
    live = iter(ask(asked, dataset, "validation", described).answers if asked else [])
    return [_read(record, dataset) if record else next(live) for record in records]


def combined(
    answers: Sequence[Answers], weights: NDArray[np.float64], labels: Sequence[str], iou_threshold: float | None
) -> Answers:
    """What the ensemble says, of what its members do; those without weight are not asked."""
    asked = np.flatnonzero(weights).tolist()
    combination = Combination(labels, weights[asked].tolist(), iou_threshold)
    return {item: combination.combine([answers[place][item] for place in asked]) for item in answers[0]}


def _read(record: Path, dataset: Dataset) -> Answers:
    """Only models of tables have one."""
    answers = dict(prediction_files.read(record))
    if sorted(answers) != sorted(dataset.table("validation", columns=["__id__"])["__id__"].to_pylist()):
        raise InputError(f"{record} does not hold each item of the validation split once: train the model again")
    return answers


def _check_finite(member: OnnxRunner, found: Answers) -> None:
    for identity, prediction in found.items():
        if "error" in said(prediction):
            raise InputError(
                f"{member.folder.path} answers a number that is not finite for {identity!r}: mend the model or the item"
            )


def _calls(dataset: Dataset, split: str, described: ImageInput | ColumnsInput) -> Iterator[_Call]:
    if described["kind"] == "image":
        for item in dataset.items(split):
            pixels = decode(read_image(item))
            yield [item.id], lambda member, pixels=pixels: member.predict_images([pixels])
        return
    for rows in model_rows(dataset, [split], described, _ROWS):
        ids: list[Any] = rows.column("__id__").to_pylist()
        yield ids, lambda member, rows=rows: member.predict_rows(rows)
