"""Missing boxes: places where the baseline is sure of an object and nothing is labelled.

By hand, though cleanlab scores overlooked boxes (ObjectLab, https://arxiv.org/abs/2309.00832): it takes detections of
at least 0.95, which a quick baseline never gives, of one label alone, and only where they touch no labelled box. On
playing cards with 53 boxes dropped it finds none; with a threshold read from the data 30 in 103 finds, this 41 in 57.
"""

from collections.abc import Iterator

import numpy as np

from ..findings import Case, Outcome, finding
from .places import Places, judged_by_places, least_sureness, sureness

RULE = "missing_box"


def missing_boxes(places: list[Places] | str | None) -> Iterator[Outcome]:
    """Yields the finding of `missing_box` from `predicted_places`, or why it could not be judged."""
    yield from judged_by_places(RULE, places, _judge)


def _judge(images: list[Places]) -> Iterator[Outcome]:
    found, unlabelled = sureness(images)
    limit = least_sureness(found, unlabelled)
    cases = [
        (image.objectness[place], _case(image, place))
        for image in images
        for place in image.off_boxes.tolist()
        if image.sureness[place] >= limit
    ]
    cases.sort(key=lambda pair: -pair[0])
    message = (
        f"At {len(cases):,} place{'s'[: len(cases) != 1]} without a label the baseline is as sure of an "
        f"object as at {np.count_nonzero(found >= limit):,} of {len(found):,} labelled boxes."
    )
    yield from finding(RULE, len(cases), [case for _, case in cases], message)


def _case(image: Places, place: int) -> Case:
    box = image.boxes[place]
    edges = f"x {box.xmin:.3f} to {box.xmax:.3f}, y {box.ymin:.3f} to {box.ymax:.3f}"
    detail = f"probably {box.label!r} at {edges} (confidence {box.confidence:.2f})"
    return Case(image.item.id, image.item.source, image.split, detail, proposal=box, label=box.label)
