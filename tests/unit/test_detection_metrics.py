"""Average precision against values worked out by hand."""

import numpy as np
import pytest

from graduate.components.data.items import Box, Fault, Item
from graduate.components.errors import InputError
from graduate.components.models.detection_metrics import DetectionEvaluation, detection_metrics

NOTHING = {"displayNames": [], "confidences": [], "bboxes": []}


def an_item(name: str, *boxes: Box, faults: tuple[Fault, ...] = ()) -> Item:
    return Item(name, f"/{name}", "import.jsonl:1", "", "test", 200, 100, "", boxes=list(boxes), faults=list(faults))


def a_prediction(*boxes: tuple[Box, float]) -> dict:
    return {
        "displayNames": [box.label for box, _ in boxes],
        "confidences": [confidence for _, confidence in boxes],
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box, _ in boxes],
    }


LEFT = Box("cat", 0.0, 0.0, 0.4, 1.0)
RIGHT = Box("cat", 0.6, 0.0, 1.0, 1.0)
DOG = Box("dog", 0.6, 0.0, 1.0, 1.0)


def test_exact_boxes_score_one_on_every_metric():
    predictions = {"a": a_prediction((LEFT, 0.9), (DOG, 0.8))}
    assert detection_metrics([an_item("a", LEFT, DOG)], predictions, ["cat", "dog"]) == pytest.approx(
        {"ap": 1.0, "ap50": 1.0, "ap75": 1.0}
    )


def test_a_box_with_an_overlap_of_two_thirds_counts_up_to_an_iou_of_065():
    # 0.0-0.4 against 0.0-0.6 is an IoU of 2/3: right at 0.50, 0.55, 0.60 and 0.65, wrong at the other six.
    predictions = {"a": a_prediction((Box("cat", 0.0, 0.0, 0.6, 1.0), 0.9))}
    metrics = detection_metrics([an_item("a", LEFT)], predictions, ["cat"])
    assert metrics == pytest.approx({"ap": 0.4, "ap50": 1.0, "ap75": 0.0})


def test_a_surer_wrong_box_halves_the_precision_of_the_right_one():
    # Precision is 1/2 at recall 1, so the interpolated precision is 1/2 at all 101 recalls.
    wrong = Box("cat", 0.45, 0.0, 0.55, 1.0)
    metrics = detection_metrics([an_item("a", LEFT)], {"a": a_prediction((wrong, 0.9), (LEFT, 0.5))}, ["cat"])
    assert metrics["ap50"] == pytest.approx(0.5)


def test_finding_one_of_two_boxes_scores_the_51_recalls_up_to_one_half():
    metrics = detection_metrics([an_item("a", LEFT, RIGHT)], {"a": a_prediction((LEFT, 0.9))}, ["cat"])
    assert metrics["ap50"] == pytest.approx(51 / 101)


def test_a_label_that_is_never_predicted_enters_the_mean_with_zero_and_one_without_truth_does_not():
    evaluation = DetectionEvaluation(
        [an_item("a", LEFT, DOG)],
        {"a": a_prediction((LEFT, 0.9), (Box("emu", 0, 0, 1, 1), 0.9))},
        ["cat", "dog", "owl"],
    )
    assert evaluation.ap50_per_label() == pytest.approx({"cat": 1.0, "dog": 0.0})
    assert evaluation.metrics()["ap50"] == pytest.approx(0.5)


def test_no_predicted_box_at_all_scores_zero():
    metrics = detection_metrics([an_item("a", LEFT), an_item("b")], {"a": NOTHING, "b": NOTHING}, ["cat"])
    assert metrics == {"ap": 0.0, "ap50": 0.0, "ap75": 0.0}


def test_faulty_true_boxes_are_not_measured():
    reversed_box = Box("cat", 1.0, 0.0, 0.6, 1.0)
    item = an_item("a", LEFT, reversed_box, faults=(Fault("box_order", "", 1),))
    assert detection_metrics([item], {"a": a_prediction((LEFT, 0.9))}, ["cat"])["ap50"] == pytest.approx(1.0)


def test_items_without_any_box_are_refused_because_the_metric_is_undefined():
    with pytest.raises(InputError, match="none of the 1 items has a usable box"):
        detection_metrics([an_item("a")], {"a": NOTHING}, ["cat"])


def test_an_item_without_prediction_is_named():
    with pytest.raises(InputError, match=r"'b' \(import.jsonl:1\) has no prediction"):
        detection_metrics([an_item("a", LEFT), an_item("b", LEFT)], {"a": NOTHING}, ["cat"])


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]):
    detection_metrics([an_item("a", LEFT)], {"a": NOTHING}, ["cat"])
    assert capfd.readouterr().out == ""


def test_a_resample_of_the_images_counts_repeated_images_repeatedly():
    items = [an_item("found", LEFT), an_item("missed", LEFT)]
    evaluation = DetectionEvaluation(items, {"found": a_prediction((LEFT, 0.9)), "missed": NOTHING}, ["cat"], [0.5])
    assert evaluation.resampled(np.array([2, 0]))["ap50"] == pytest.approx(1.0)
    assert evaluation.resampled(np.array([0, 2]))["ap50"] == 0.0
    assert evaluation.resampled(np.array([1, 1])) == pytest.approx(evaluation.metrics())


def test_outcomes_tell_which_boxes_found_a_true_one():
    wrong = Box("dog", 0.0, 0.0, 0.1, 0.1)
    evaluation = DetectionEvaluation(
        [an_item("a", LEFT, RIGHT)], {"a": a_prediction((LEFT, 0.9), (wrong, 0.7))}, ["cat", "dog"]
    )
    assert evaluation.outcomes(0) == ([(0.9, True), (0.7, False)], 2)
