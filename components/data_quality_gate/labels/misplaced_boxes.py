"""Misplaced boxes: labelled boxes that the baseline surely sees an object beside, and that nothing fits.

How badly a box has to fit is read from the data: worse than the lower fence (Tukey 1977) of how well the baseline fits
the boxes that it is sure of. A quick baseline draws loosely; its fence is low, so that only grave slips are found.

By hand, though cleanlab scores badly located boxes (ObjectLab, https://arxiv.org/abs/2309.00832): its scores know
nothing of how loosely the baseline draws. On playing cards with 26 misplaced, 38 boxes score below 0.4, 16 of them
rightly, and on clean ones 24; this finds 14, 11 of them rightly, and none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..findings import Case, NotJudged, Outcome, finding
from .places import FOUND_IOU, OFF_BOX_IOU, Places, judged_by_places, least_sureness, sureness

RULE = "misplaced_box"
# How the baseline draws is read from the boxes that it finds at least so surely.
SURE_ENOUGH = 0.2
# A place fits a box against a surer one only if an object there is at least so many times as probable.
AS_PROBABLE = 0.5
# Quartiles of fewer boxes say nothing.
FEWEST_BOXES = 20


def misplaced_boxes(places: list[Places] | str | None) -> Iterator[Outcome]:
    """Yields the finding of `misplaced_box` from `predicted_places`, or why it could not be judged."""
    yield from judged_by_places(RULE, places, _judge)


def _judge(images: list[Places]) -> Iterator[Outcome]:
    claims = [(image, *claim) for image in images for claim in _claimed(image)]
    fits = [fit for image, place, _, fit in claims if image.sureness[place] >= SURE_ENOUGH]
    fence = lower_fence(fits)
    if len(fits) < FEWEST_BOXES or fence <= OFF_BOX_IOU:
        yield NotJudged(RULE, "The baseline draws too loosely to tell a misplaced box.")
        return
    beside = [(image.sureness[place], image, place, box) for image, place, box, fit in claims if fit < fence]
    limit = least_sureness(sureness(images)[0], np.array([sure for sure, *_ in beside]))
    beside.sort(key=lambda each: -each[0])
    cases = [_case(image, place, box) for sure, image, place, box in beside if sure >= limit]
    message = (
        f"{len(cases):,} of {len(claims):,} labelled boxes overlap what the baseline sees there by less "
        f"than {fence:.2f} (IoU), nearly all others by more."
    )
    yield from finding(RULE, len(cases), cases, message)


def lower_fence(fits: Sequence[float]) -> float:
    """The overlap (IoU, 0..1) below which a box fits worse than the baseline's usual looseness; at most 0.5."""
    low, high = np.quantile(fits, [0.25, 0.75]) if fits else (0.0, 0.0)
    return float(min(low - 1.5 * (high - low), FOUND_IOU))


def _claimed(image: Places) -> Iterator[tuple[int, int, float]]:
    """Yields each labelled box with the surest place that lies on it rather than on another, and its best fit (IoU)."""
    if not image.labelled:
        return
    claimed: set[int] = set()
    for place in range(len(image.boxes)):
        box = int(image.overlaps[place].argmax())
        if image.overlaps[place, box] >= OFF_BOX_IOU and box not in claimed:
            claimed.add(box)
            rivals = image.objectness >= AS_PROBABLE * image.objectness[place]
            yield place, box, float(image.overlaps[rivals, box].max())


def _case(image: Places, place: int, box: int) -> Case:
    index = image.labelled[box]
    label, proposal = image.item.boxes[index].label, image.boxes[place]
    detail = f"{label!r} overlaps what the baseline sees there by {image.overlaps[place, box]:.2f} (IoU) only"
    # Where a box lies is judged here, not what it is called.
    proposal = replace(proposal, label=label)
    return Case(
        image.item.id, image.item.source, image.split, detail, box=index, proposal=proposal, label=proposal.label
    )
