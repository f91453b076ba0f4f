"""Boxes: from pixels to fractions of the image, and what can be wrong with them."""

from collections.abc import Iterator

from .items import Box, Fault

# Room for the rounding of a coordinate that was divided by the image's size.
_TOLERANCE = 1e-6


def in_fractions(box: Box, width: int, height: int) -> Box:
    """A box whose edges are in pixels (0 at the left or upper edge of the first pixel) as fractions of the image."""
    return Box(box.label, box.xmin / width, box.ymin / height, box.xmax / width, box.ymax / height)


def box_faults(index: int, box: Box, width: int, height: int) -> Iterator[Fault]:
    """Yields what is wrong with a box.

    Args:
        index: of the box in its item.
        box: in fractions of the image.
        width: of the image, pixels.
        height: of the image, pixels.
    """
    edges = f"x {box.xmin:.4g} to {box.xmax:.4g}, y {box.ymin:.4g} to {box.ymax:.4g}"
    if box.xmin > box.xmax or box.ymin > box.ymax:
        yield Fault("box_order", f"minimum above maximum: {edges}", index)
    elif (box.xmax - box.xmin) * width < 1 - _TOLERANCE or (box.ymax - box.ymin) * height < 1 - _TOLERANCE:
        yield Fault("box_degenerate", f"below one pixel: {edges} of {width} x {height} pixels", index)
    if any(not -_TOLERANCE <= edge <= 1 + _TOLERANCE for edge in (box.xmin, box.ymin, box.xmax, box.ymax)):
        yield Fault("box_out_of_range", f"out of frame: {edges}", index)
    if not box.label:
        yield Fault("box_empty_label", f"no label: {edges}", index)
