from graduate.components.data.boxes import box_faults, in_fractions
from graduate.components.data.items import Box, Fault, Item, Task


def item_with(boxes: list[Box], faults: list[Fault]) -> Item:
    return Item("a", "/a", "i:1", "0" * 64, "", 100, 50, "0" * 16, boxes=boxes, faults=faults)


def rules(box: Box) -> list[str]:
    return [fault.rule for fault in box_faults(0, box, width=100, height=50)]


def test_only_image_tasks_are_image_tasks() -> None:
    assert [task for task in Task if task.is_image] == [Task.OBJECT_DETECTION, Task.IMAGE_CLASSIFICATION]


def test_usable_boxes_are_clipped_and_leave_out_what_cannot_be_learned() -> None:
    boxes = [Box("a", 0.1, 0.2, 1.5, 0.4), Box("a", 0.5, 0.1, 0.2, 0.3), Box("a", 1.2, 0.1, 1.4, 0.3)]
    item = item_with(boxes, [Fault("box_out_of_range", "", 0), Fault("box_order", "", 1)])
    assert item.usable_boxes() == [Box("a", 0.1, 0.2, 1.0, 0.4)]


def test_usable_boxes_keep_the_index_of_the_box_in_the_item() -> None:
    boxes = [Box("", 0, 0, 1, 1), Box("b", 0, 0, 1, 1)]
    item = item_with(boxes, [Fault("box_empty_label", "", 0)])
    assert list(item.indexed_usable_boxes()) == [(1, boxes[1])]


def test_a_good_box_has_no_fault() -> None:
    assert rules(Box("a", 0.0, 0.0, 1.0, 1.0)) == []


def test_a_reversed_box_is_marked() -> None:
    assert rules(Box("a", 0.5, 0.1, 0.4, 0.3)) == ["box_order"]


def test_a_box_below_one_pixel_is_marked_and_one_of_a_pixel_is_not() -> None:
    assert rules(Box("a", 0.5, 0.1, 0.509, 0.3)) == ["box_degenerate"]
    assert rules(Box("a", 0.5, 0.1, 0.51, 0.3)) == []


def test_a_box_out_of_the_frame_is_marked() -> None:
    assert rules(Box("a", 0.5, -0.1, 0.7, 0.3)) == ["box_out_of_range"]
    assert rules(Box("a", 0.5, 0.1, 1.2, 0.3)) == ["box_out_of_range"]


def test_a_box_without_label_is_marked() -> None:
    assert rules(Box("", 0.1, 0.1, 0.7, 0.3)) == ["box_empty_label"]


def test_pixels_become_fractions_of_width_and_height() -> None:
    assert in_fractions(Box("a", 10, 10, 50, 25), 100, 50) == Box("a", 0.1, 0.2, 0.5, 0.5)
