"""Faults of labelled boxes, one in an image at the most."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...components.data.items import Box
from .pictures import Pictures
from .planting import Planted

WRONG_LABELS = 0.05
MISSING_BOXES = 0.1
MISPLACED_BOXES = 0.05
# Of a box's width and height: what is left shares a third of the union with the object.
_SHIFT = 0.3


def wrong_label(data: Pictures) -> Iterator[Planted]:
    """Gives a box in an image another of the labels."""
    for place, box in _boxed(data, WRONG_LABELS):
        given = data.items[place].boxes[box]
        _set_box(data, place, box, replace(given, label=data.another_label([given.label])))
        yield Planted("wrong_label", (place + 1,), box=box)


def missing_box(data: Pictures) -> Iterator[Planted]:
    """Drops a box of an image."""
    for place, box in _boxed(data, MISSING_BOXES):
        dropped = data.items[place].boxes[box]
        left = [each for index, each in enumerate(data.items[place].boxes) if index != box]
        data.items[place] = replace(data.items[place], boxes=left)
        yield Planted("missing_box", (place + 1,), place=dropped)


def misplaced_box(data: Pictures) -> Iterator[Planted]:
    """Shifts a box by a third of its size, to where it stays in the frame."""
    for place, box in _boxed(data, MISPLACED_BOXES, lambda box: _shifted(box) is not None):
        _set_box(data, place, box, _shifted(data.items[place].boxes[box]) or data.items[place].boxes[box])
        yield Planted("misplaced_box", (place + 1,), box=box)


def box_out_of_range(data: Pictures) -> Iterator[Planted]:
    """Lets a box reach beyond the right edge of the image."""
    for place, box in _boxed(data):
        _set_box(data, place, box, replace(data.items[place].boxes[box], xmax=1.1))
        yield Planted("box_out_of_range", (place + 1,), box=box)


def box_degenerate(data: Pictures) -> Iterator[Planted]:
    """Takes a box's width away, as a slip of the mouse does."""
    for place, box in _boxed(data):
        given = data.items[place].boxes[box]
        _set_box(data, place, box, replace(given, xmax=given.xmin))
        yield Planted("box_degenerate", (place + 1,), box=box)


def duplicate_box(data: Pictures) -> Iterator[Planted]:
    """Adds a box once more."""
    for place, box in _boxed(data):
        item = data.items[place]
        data.items[place] = replace(item, boxes=[*item.boxes, item.boxes[box]])
        # Either of the two may be called the copy, so no box is named.
        yield Planted("duplicate_box", (place + 1,))


def _boxed(
    data: Pictures, share: float = 0.0, suits: Callable[[Box], bool] = lambda _: True
) -> Iterator[tuple[int, int]]:
    """Yields images, each with the index of one of its usable boxes that suit, drawn by chance.

    Args:
        data: the images.
        share: of all boxes of the training split, but of no more than as great a share of its images again, for an
            image bears one fault; 0 for a few.
        suits: what is asked of the box.
    """
    boxes = sum(len(item.boxes) for item in data.items if item.ml_use == "train")
    count = max(min(round(share * boxes), data.victims.share(2 * share)), data.victims.few)

    def suitable(place: int) -> list[int]:
        return [index for index, box in data.items[place].indexed_usable_boxes() if suits(box)]

    for place in data.victims.take(count, lambda place: bool(suitable(place))):
        yield place, int(data.rng.choice(suitable(place)))


def _set_box(data: Pictures, place: int, index: int, box: Box) -> None:
    item = data.items[place]
    data.items[place] = replace(item, boxes=[*item.boxes[:index], box, *item.boxes[index + 1 :]])


def _shifted(box: Box) -> Box | None:
    """The box moved along both axes, or None where it cannot stay in the frame."""
    x, y = _SHIFT * (box.xmax - box.xmin), _SHIFT * (box.ymax - box.ymin)
    for right, down in ((x, y), (-x, y), (x, -y), (-x, -y)):
        moved = Box(box.label, box.xmin + right, box.ymin + down, box.xmax + right, box.ymax + down)
        if moved == moved.clipped():
            return moved
    return None
