"""Places: where in an image the baseline sees an object, beside what is labelled there.

Training images are predicted out of fold, so the baseline cannot have learned what is wrong with their boxes. One that
cannot tell an ace from a king is still sure that there is a card: all labels that it names at one place count together.
Confidences of different baselines cannot be compared, so how sure it is is read from the data: by how many of the
labelled boxes it finds less surely.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import SPLITS, Box, Item, Task
from ...models import predictions as prediction_files
from ...models.folder import ModelFolder
from ...reports.pictures import PredictedBox, predicted_boxes
from ..findings import NotJudged, Outcome
from ..geometry import edges, intersection_over_union

# Intersection over union from which on a detection has found a box.
FOUND_IOU = 0.5
# Detections that overlap by so much are at the same place.
SAME_PLACE_IOU = 0.3
# Below this overlap with all labelled boxes nothing is labelled at a place. From there to FOUND_IOU it is on a box
# but beside it, as a quick baseline's detections often are.
OFF_BOX_IOU = 0.2
# The surer part of the labelled boxes: what the baseline is as sure of is rarely a false alarm.
SURE = 0.6
# A place is worth a look where at least so many of its like are right, and so many of all that are listed.
WORTH_A_LOOK, MOSTLY_RIGHT = 0.2, 0.5
# A baseline is not asked when it finds a smaller share of the labelled boxes, or is sure of so many places without a
# label for each with one: on playing cards an untrained backbone's finds 68 %, a pretrained one's 90 %.
FEWEST_FOUND = 0.75
MOST_UNLABELLED = 1
# Less sure detections are left out for memory's sake: a detector gives a hundred for each image.
_MIN_CONFIDENCE = 0.05

_NOTHING: prediction_files.LabelledPrediction = {"displayNames": [], "confidences": [], "bboxes": []}


@dataclass(frozen=True, slots=True)
class Places:
    """Where the baseline sees objects in one image.

    Attributes:
        item: the image.
        split: the split it is in.
        boxes: the surest detection at each of P places, surest first.
        objectness: float64 [P], 0..1, how probable an object of any label is.
        sureness: float64 [P], 0..1, share of the split's labelled boxes that are found no more surely; 0 without such.
        labelled: places in the item's boxes of its L usable ones.
        overlaps: IoU of each place with each of these, float64 [P, L].
    """

    item: Item
    split: str
    boxes: list[PredictedBox]
    objectness: NDArray[np.float64]
    sureness: NDArray[np.float64]
    labelled: list[int]
    overlaps: NDArray[np.float64]

    def on_boxes(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest of these values [P] at a place where each labelled box is found, [L]; 0 where it is not."""
        return np.where(self.overlaps >= FOUND_IOU, values[:, None], 0.0).max(axis=0, initial=0.0)

    @property
    def off_boxes(self) -> NDArray[np.int64]:
        """The places where nothing is labelled."""
        return np.flatnonzero(self.overlaps.max(axis=1, initial=0.0) < OFF_BOX_IOU)


def judged_by_places(
    rule: str, places: list[Places] | str | None, judge: Callable[[list[Places]], Iterator[Outcome]]
) -> Iterator[Outcome]:
    """Yields what a rule finds of `predicted_places`, or why it could not be judged; nothing of None."""
    if places is not None:
        yield from [NotJudged(rule, places)] if isinstance(places, str) else judge(places)


def predicted_places(data: Dataset, baseline: ModelFolder) -> list[Places] | str | None:
    """The places of all images; or why the baseline is not to be asked; or None where the task has no boxes."""
    if data.task is not Task.OBJECT_DETECTION:
        return None
    absent = [split for split in SPLITS if not baseline.predictions(split).is_file()]
    if absent:
        return f"The baseline has no predictions of {', '.join(absent)}."
    images = [image for split in SPLITS for image in _places_of_split(data, baseline, split)]
    found, unlabelled = sureness(images)
    if np.count_nonzero(found) <= FEWEST_FOUND * len(found):
        return f"The baseline finds {np.count_nonzero(found):,} of {len(found):,} labelled boxes only."
    if (unlabelled >= SURE).sum() > MOST_UNLABELLED * (found >= SURE).sum():
        return "The baseline is sure of objects at more places without a label than with one."
    return images


def sureness(images: Sequence[Places]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How surely each labelled box is found, 0 where it is not; and how surely an object is seen on no box."""
    found = [image.on_boxes(image.sureness) for image in images]
    unlabelled = [image.sureness[image.off_boxes] for image in images]
    return np.concatenate([*found, []]), np.concatenate([*unlabelled, []])


def least_sureness(found: NDArray[np.float64], doubted: NDArray[np.float64]) -> float:
    """The sureness from which on a place that contradicts the labels is worth a look, or infinity where none is.

    How many labels are wrong is estimated where false alarms are rarest, as Storey estimates the share of true
    hypotheses (2002, https://doi.org/10.1111/1467-9868.00346): an object is found as surely whether its box is right,
    wrong or left out, so at every sureness there are as many wrong ones for each right one as among the surest. Places
    beyond that number are false alarms, which are many where the baseline is unsure. So on clean data hardly any place
    is worth a look.

    Args:
        found: how surely each labelled box is found, 0..1.
        doubted: how surely an object is seen at each place that contradicts the labels, 0..1.
    """
    wrong_for_each = (doubted >= SURE).sum() / max((found >= SURE).sum(), 1)
    limits = np.unique(doubted)
    wrong, listed = wrong_for_each * _reach(found, limits), _reach(doubted, limits)
    gain = np.where(wrong >= MOSTLY_RIGHT * listed, wrong / WORTH_A_LOOK - listed, 0.0)
    return float(limits[gain.argmax()]) if gain.max(initial=0.0) > 0 else np.inf


def _reach(values: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many of the values reach each limit."""
    return len(values) - np.searchsorted(np.sort(values), limits, side="left")


def _places_of_split(data: Dataset, baseline: ModelFolder, split: str) -> list[Places]:
    predictions = dict(prediction_files.read(baseline.predictions(split)))
    images = [_places(item, split, predictions.get(item.id, _NOTHING)) for item in data.items(split)]
    found = np.sort(np.concatenate([*(image.on_boxes(image.objectness) for image in images), []]))

    def rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.searchsorted(found, values, side="right") / max(len(found), 1)

    return [replace(image, sureness=rank(image.objectness)) for image in images]


def _places(item: Item, split: str, prediction: prediction_files.Prediction) -> Places:
    detections = predicted_boxes(prediction, _MIN_CONFIDENCE)
    corners = edges(detections)
    usable = list(item.indexed_usable_boxes())
    spoiled = [box for index, box in enumerate(item.boxes) if index not in dict(usable)]
    same = _same_place(intersection_over_union(corners[:, None], corners))
    # What is at a box that is reversed, flat or without a label is told already.
    members = [each for each in same if not any(_holds(detections[each[0]], box) for box in spoiled)]
    objectness = np.array([_any_object([detections[place] for place in each]) for each in members], np.float64)
    order = np.argsort(-objectness, kind="stable")
    surest = [members[place][0] for place in order]
    return Places(
        item,
        split,
        [detections[place] for place in surest],
        objectness[order],
        np.zeros(len(surest)),
        [index for index, _ in usable],
        intersection_over_union(corners[surest][:, None], edges([box for _, box in usable])),
    )


def _holds(place: PredictedBox, box: Box) -> bool:
    """Whether the middle of a box is at a place."""
    x, y = (box.xmin + box.xmax) / 2, (box.ymin + box.ymax) / 2
    return place.xmin <= x <= place.xmax and place.ymin <= y <= place.ymax


def _same_place(overlaps: NDArray[np.float64]) -> Iterator[list[int]]:
    """Yields the detections at each place, surest first, from the IoU of all with all, [D, D]."""
    left = np.ones(len(overlaps), bool)
    for surest, row in enumerate(overlaps):
        if left[surest]:
            # A box without area does not even overlap itself.
            here = [surest, *np.flatnonzero(left & (row >= SAME_PLACE_IOU) & (np.arange(len(row)) > surest)).tolist()]
            left[here] = False
            yield here


def _any_object(detections: Sequence[PredictedBox]) -> float:
    """How probable an object of any label is, were the labels independent: labels are named surest first."""
    surest: dict[str, float] = {}
    for each in detections:
        surest.setdefault(each.label, each.confidence)
    return float(1 - np.prod([1 - confidence for confidence in surest.values()]))
