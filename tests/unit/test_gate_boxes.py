"""Boxes drawn twice, tiny, missing and misplaced: what the gate finds, and what it leaves alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import gate_worlds as worlds
import numpy as np
import pytest

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Fault, Item, Task
from graduate.components.data_quality_gate.findings import Finding, NotJudged
from graduate.components.data_quality_gate.labels.misplaced_boxes import lower_fence, misplaced_boxes
from graduate.components.data_quality_gate.labels.missing_boxes import missing_boxes
from graduate.components.data_quality_gate.labels.places import least_sureness, predicted_places
from graduate.components.data_quality_gate.schema.box_shapes import box_shapes
from graduate.components.models import predictions
from graduate.components.models.folder import ModelFolder
from graduate.components.models.predictions import LabelledPrediction

# Where the four objects of a test's image are.
CORNERS = [(0.05, 0.05), (0.55, 0.05), (0.05, 0.55), (0.55, 0.55)]
Detection = tuple[Box, float]


def image(name: str, boxes: Sequence[Box], faults: Sequence[Fault] = (), side: int = 400) -> Item:
    return Item(name, name, f"import.jsonl:{name}", name, "", side, side, "", boxes=list(boxes), faults=list(faults))


def written(tmp_path: Path, train: Sequence[Item]) -> Dataset:
    return worlds.write_images(tmp_path / "data", {"train": train, "validation": [], "test": []}, Task.OBJECT_DETECTION)


def shapes(tmp_path: Path, boxes: Sequence[Box], **fields) -> dict[str, list[int]]:
    usual = [image(f"usual-{number}", [Box("cat", 0.1, 0.1, 0.4, 0.4)]) for number in range(9)]
    found = box_shapes(written(tmp_path, [*usual, image("judged", boxes, **fields)]))
    assert all(case.id == "judged" for finding in found for case in finding.cases)
    return {
        finding.rule: [case.box for case in finding.cases] for finding in box_shapes(Dataset.open(tmp_path / "data"))
    }


CAT = Box("cat", 0.1, 0.1, 0.4, 0.4)


@pytest.mark.parametrize("shift", [0.0, 0.004, -0.004])
def test_the_later_one_of_two_boxes_of_the_same_place_and_label_is_a_duplicate(tmp_path, shift):
    again = replace(CAT, xmin=CAT.xmin + shift, xmax=CAT.xmax + shift)
    assert shapes(tmp_path, [CAT, Box("cat", 0.6, 0.6, 0.9, 0.9), again]) == {"duplicate_box": [2]}


def test_of_three_copies_two_are_too_many_and_the_exact_one_comes_first(tmp_path):
    near = replace(CAT, xmax=CAT.xmax + 0.01)
    assert shapes(tmp_path, [CAT, near, CAT]) == {"duplicate_box": [2, 1]}


def test_neighbours_in_a_crowd_and_boxes_of_another_label_are_no_duplicates(tmp_path):
    crowd = [replace(CAT, xmin=CAT.xmin + step / 20, xmax=CAT.xmax + step / 20) for step in range(6)]
    assert shapes(tmp_path, [*crowd, replace(CAT, label="dog")]) == {}


def test_a_box_that_the_importer_marked_is_not_judged_again_and_shifts_no_index(tmp_path):
    marked, faults = Box("cat", 0.4, 0.1, 0.1, 0.4), [Fault("box_order", "", 0), Fault("box_order", "", 1)]
    assert shapes(tmp_path, [marked, marked, CAT, CAT], faults=faults) == {"duplicate_box": [3]}


def test_images_without_any_usable_box_have_nothing_to_judge(tmp_path):
    assert shapes(tmp_path, []) == {}


def test_a_box_of_a_few_pixels_among_large_ones_is_tiny(tmp_path):
    found = shapes(tmp_path, [CAT, Box("cat", 0.5, 0.5, 0.508, 0.51)])
    assert found == {"tiny_box": [1]}


def test_small_objects_and_narrow_ones_are_not_tiny(tmp_path):
    small = [Box("ball", at, at, at + 0.01, at + 0.01) for at in (0.5, 0.6, 0.7)]
    assert shapes(tmp_path, [*small, Box("cat", 0.5, 0.1, 0.515, 0.9)]) == {}


def test_a_hundred_thousand_boxes_take_a_few_seconds_at_most(tmp_path):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 0.8, (100_000, 2)).tolist()
    boxes = [Box("cat", x, y, x + 0.02, y + 0.02) for x, y in corners]
    many = [image(str(number), boxes[number * 1000 : number * 1000 + 1000]) for number in range(100)]
    data = written(tmp_path, many)
    found = list(box_shapes(data))
    assert sum(len(finding.cases) for finding in found) < 1000


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., tuple[Dataset, ModelFolder]]:
    """Makes 60 images of four objects, and a baseline that sees them as `look` says: object -> detections."""

    def make(
        look: Callable[[np.random.Generator, Box], Sequence[Detection]],
        label: Callable[[int, Box], Box | None] = lambda _, box: box,
        dreams: Callable[[np.random.Generator], Sequence[Detection]] = lambda _: (),
    ) -> tuple[Dataset, ModelFolder]:
        rng = np.random.default_rng(0)
        objects = [[Box(worlds.LABELS[place % 2], x, y, x + 0.3, y + 0.3) for place, (x, y) in enumerate(CORNERS)]]
        items, seen = [], []
        for number in range(60):
            labelled = [label(4 * number + place, box) for place, box in enumerate(objects[0])]
            items.append(image(f"{number}", [box for box in labelled if box]))
            found = [each for box in objects[0] for each in look(rng, box)]
            seen.append((f"{number}", prediction([*found, *dreams(rng)])))
        data = written(tmp_path, items)
        model = worlds.baseline(tmp_path / "baseline", data, {"ap50": 0.5})
        for split, rows in {"train": seen, "validation": [], "test": []}.items():
            predictions.write(model.predictions(split), rows)
        return data, model

    return make


def prediction(detections: Sequence[Detection]) -> LabelledPrediction:
    ranked = sorted(detections, key=lambda pair: -pair[1])
    return {
        "displayNames": [box.label for box, _ in ranked],
        "confidences": [confidence for _, confidence in ranked],
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box, _ in ranked],
    }


def unsure(rng: np.random.Generator, box: Box) -> list[Detection]:
    """Nearly where the object is, as surely as a quick baseline is."""
    return [(moved(box, *rng.normal(0, 0.01, 2)), rng.uniform(0.1, 0.6))]


def moved(box: Box, right: float, down: float) -> Box:
    return Box(box.label, box.xmin + right, box.ymin + down, box.xmax + right, box.ymax + down)


def false_alarms(rng: np.random.Generator) -> list[Detection]:
    """Something between the objects in every image, seldom surely."""
    return [(Box("dog", 0.38, 0.38, 0.52, 0.52), 0.06 + 0.3 * rng.random() ** 4)]


def only(found: Sequence[Finding | NotJudged]) -> Finding:
    assert len(found) == 1
    assert isinstance(found[0], Finding)
    return found[0]


def test_dropped_boxes_are_found_among_the_false_alarms_of_an_unsure_baseline(world):
    dropped = set(range(0, 240, 10))
    data, model = world(unsure, lambda number, box: None if number in dropped else box, false_alarms)
    cases = only(list(missing_boxes(predicted_places(data, model)))).cases
    hits = [case for case in cases if case.proposal and abs(case.proposal.xmax - case.proposal.xmin - 0.3) < 1e-6]
    assert len(hits) / len(dropped) >= 0.6
    assert len(hits) / len(cases) >= 0.5


def test_where_no_box_is_missing_false_alarms_are_not_proposed(world):
    data, model = world(unsure, dreams=false_alarms)
    assert list(missing_boxes(predicted_places(data, model))) == []
    assert list(misplaced_boxes(predicted_places(data, model))) == []


def test_a_reversed_box_is_not_missing_as_well(world):
    def label(number: int, box: Box) -> Box:
        return box if number % 10 else replace(box, xmin=box.xmax, xmax=box.xmin)

    data, model = world(unsure, label, false_alarms)
    assert list(missing_boxes(predicted_places(data, model))) == []


def test_a_baseline_that_dreams_as_surely_as_it_sees_is_not_asked(world):
    def dreams(rng: np.random.Generator) -> list[Detection]:
        return [(Box("dog", at, 0.4, at + 0.05, 0.5), rng.uniform(0.1, 0.6)) for at in np.arange(0.05, 0.95, 0.1)]

    data, model = world(unsure, dreams=dreams)
    assert [
        type(each)
        for each in (*missing_boxes(predicted_places(data, model)), *misplaced_boxes(predicted_places(data, model)))
    ] == [NotJudged] * 2


def test_a_baseline_that_finds_few_of_the_boxes_is_not_asked(world):
    data, model = world(
        lambda rng, box: unsure(rng, box) if box.label == "cat" and box.xmin < 0.1 and rng.random() < 0.5 else []
    )
    (found,) = missing_boxes(predicted_places(data, model))
    assert isinstance(found, NotJudged)
    assert "labelled boxes only" in found.reason


def test_labels_named_at_one_place_count_together(world):
    data, model = world(lambda _, box: [(replace(box, label="cat"), 0.5), (replace(box, label="dog"), 0.4)])
    places = predicted_places(data, model)
    assert isinstance(places, list)
    assert [len(each.boxes) for each in places] == [4] * 60
    assert places[0].objectness == pytest.approx([0.7] * 4)


def test_a_place_is_worth_a_look_while_its_like_are_spread_as_the_labelled_boxes_are():
    found = np.arange(1, 101) / 100
    alarms = np.linspace(0, 0.3, 50)
    missing = np.arange(5, 101, 10) / 100
    limit = least_sureness(found, np.concatenate([alarms, missing]))
    assert 0.3 <= limit <= 0.45
    assert least_sureness(found, alarms) == np.inf
    assert least_sureness(found, np.empty(0)) == np.inf


def test_moved_boxes_are_misplaced_and_only_that(world):
    slipped = set(range(3, 240, 20))
    data, model = world(unsure, lambda number, box: moved(box, 0.12, 0.03) if number in slipped else box)
    found = only(list(misplaced_boxes(predicted_places(data, model))))
    hits = {4 * int(case.id) + case.box for case in found.cases}
    assert hits <= slipped
    assert len(hits) / len(slipped) >= 0.8
    case = found.cases[0]
    assert case.proposal
    assert case.proposal.label == data.table("train")["boxes"][int(case.id)][case.box]["label"].as_py()
    assert list(missing_boxes(predicted_places(data, model))) == []


def test_a_box_of_the_wrong_label_is_neither_missing_nor_misplaced(world):
    data, model = world(unsure, lambda number, box: replace(box, label="cat") if number % 20 == 3 else box)
    assert [*missing_boxes(predicted_places(data, model)), *misplaced_boxes(predicted_places(data, model))] == []


def test_a_baseline_that_draws_anyhow_cannot_tell_a_misplaced_box(world):
    data, model = world(lambda rng, box: [(moved(box, *rng.uniform(-0.13, 0.13, 2)), rng.uniform(0.1, 0.6))])
    assert not any(isinstance(each, Finding) for each in misplaced_boxes(predicted_places(data, model)))


def test_the_fence_is_lower_where_the_baseline_draws_more_loosely():
    assert lower_fence([0.8, 0.85, 0.9, 0.95]) == 0.5
    assert lower_fence([0.5, 0.6, 0.7, 0.8]) < 0.4
    assert lower_fence([]) == 0


def test_without_boxes_nothing_is_looked_for(tmp_path):
    rows = {"train": [(1.0, "a"), (2.0, "b")], "validation": [], "test": []}
    table = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_CLASSIFICATION)
    model = worlds.baseline(tmp_path / "baseline", table, {"accuracy": 0.9})
    assert [
        *box_shapes(table),
        *missing_boxes(predicted_places(table, model)),
        *misplaced_boxes(predicted_places(table, model)),
    ] == []


def test_a_baseline_without_predictions_is_named(tmp_path):
    data = written(tmp_path, [image("one", [CAT])])
    model = worlds.baseline(tmp_path / "baseline", data, {"ap50": 0.5})
    reasons = [
        each.reason
        for each in (*missing_boxes(predicted_places(data, model)), *misplaced_boxes(predicted_places(data, model)))
        if isinstance(each, NotJudged)
    ]
    assert reasons == ["The baseline has no predictions of train, validation, test."] * 2
