"""The training's page: what it tells of training, weights and levers, and where it says that a model is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from page_text import Text
from tiny_models import an_image, an_item, detector, image_dataset, people_dataset, regressor

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import Box, Column, ColumnType, Item, Task
from graduate.components.fine_tune.page.detected import detected
from graduate.components.fine_tune.page.label_rows import LabelRow
from graduate.components.fine_tune.page.labelled import labelled
from graduate.components.fine_tune.page.multi_labelled import multi_labelled
from graduate.components.fine_tune.page.precision_curves import MAX_CHARTS, precision_curves
from graduate.components.fine_tune.page.weights import weights
from graduate.components.fine_tune.page.write import write_page_of_training
from graduate.components.fine_tune.restore import variables
from graduate.components.fine_tune.restore.variables import VariableRow
from graduate.components.models import history, predictions
from graduate.components.models.detection_confusion import box_confusion, label_pairs
from graduate.components.models.detection_metrics import DetectionEvaluation
from graduate.components.models.folder import ModelFolder
from graduate.components.reports.curves import charts

EVIL = "<script>alert(1)</script>"
LEFT, RIGHT = (0.0, 0.0, 0.4, 1.0), (0.6, 0.0, 1.0, 1.0)


def an_answer(*boxes: tuple[str, float, tuple[float, float, float, float]]) -> Any:
    return {
        "displayNames": [label for label, _, _ in boxes],
        "confidences": [confidence for _, confidence, _ in boxes],
        "bboxes": [[xmin, xmax, ymin, ymax] for _, _, (xmin, ymin, xmax, ymax) in boxes],
    }


def a_scene(folder: Path, name: str, *boxes: Box) -> Item:
    return an_item(an_image(folder / name, seed=len(name)), name, boxes)


@pytest.fixture
def scenes(tmp_path: Path) -> list[Item]:
    return [
        a_scene(tmp_path, "right.png", Box("cat", *LEFT)),
        a_scene(tmp_path, "confused.png", Box("cat", *LEFT), Box("dog", *RIGHT)),
        a_scene(tmp_path, "missed and false.png", Box("cat", *LEFT), Box("cat", *RIGHT)),
        a_scene(tmp_path, "empty.png"),
    ]


ANSWERS = {
    "right.png": an_answer(("cat", 0.9, LEFT)),
    "confused.png": an_answer(("dog", 0.8, LEFT), ("dog", 0.95, RIGHT)),
    "missed and false.png": an_answer(("cat", 0.7, LEFT), ("dog", 0.75, (0.4, 0.0, 0.6, 0.4))),
    "empty.png": an_answer(),
}


def test_boxes_are_matched_without_regard_to_labels_and_those_below_the_confidence_are_left_out(scenes: list[Item]):
    found = an_answer(("cat", 0.7, LEFT), ("dog", 0.75, (0.4, 0.0, 0.6, 0.4)), ("cat", 0.1, RIGHT))
    evaluation = DetectionEvaluation(scenes, ANSWERS | {"missed and false.png": found}, ["cat", "dog", "owl"])
    pairs = label_pairs(evaluation, confidence=0.5)
    assert [sorted(map(str, in_image)) for in_image in pairs] == [
        ["('cat', 'cat')"],
        ["('cat', 'dog')", "('dog', 'dog')"],
        ["('cat', 'cat')", "('cat', None)", "(None, 'dog')"],
        [],
    ]
    assert box_confusion(pairs, ["cat", "dog", "owl"]) == {
        "labels": ["cat", "dog", "background"],
        "counts": [[2, 1, 1], [0, 1, 0], [0, 1, 0]],
    }


def test_a_label_named_background_is_not_the_background(tmp_path: Path):
    items = [a_scene(tmp_path, "a.png", Box("background", *LEFT))]
    evaluation = DetectionEvaluation(items, {"a.png": an_answer(("background", 0.9, LEFT))}, ["background"])
    assert box_confusion(label_pairs(evaluation, 0.5), ["background"])["counts"] == [[1, 0], [0, 0]]
    missed = DetectionEvaluation(items, {"a.png": an_answer()}, ["background"])
    assert box_confusion(label_pairs(missed, 0.5), ["background"])["counts"] == [[0, 1], [0, 0]]


def test_the_worst_images_are_those_with_most_missed_and_false_boxes_and_say_what_is_wrong(
    tmp_path: Path, scenes: list[Item]
):
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"train": [], "test": scenes}))
    evidence = detected(dataset, ANSWERS)
    assert evidence
    assert [picture["caption"] for picture in evidence.worst] == [
        "confused.png: cat taken for dog",
        "missed and false.png: cat missed, dog too many",
    ]
    assert [picture["caption"] for picture in evidence.first] == ["right.png", "empty.png"]
    dog, cat = sorted(evidence.labels, key=lambda row: row.count)
    assert (dog.count, cat.count) == (1, 4)
    assert dog.others == {"precision": pytest.approx(1 / 3), "recall": 1.0}
    assert cat.others == {"precision": 1.0, "recall": 0.5}


def test_no_more_boxes_are_drawn_than_leave_the_image_to_be_seen(tmp_path: Path):
    boxes = [Box("cat", place / 1000, 0.0, place / 1000 + 0.1, 1.0) for place in range(900)]
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"test": [a_scene(tmp_path, "a.png", *boxes)]}))
    evidence = detected(dataset, {"a.png": an_answer()})
    assert evidence
    (picture,) = evidence.worst
    assert len(picture["true_boxes"]) == 60
    assert picture["caption"] == "a.png: 900 x cat missed (840 boxes are not drawn)"


def test_of_many_labels_the_weakest_and_the_strongest_have_a_curve():
    rows = [LabelRow(f"label {place:02}", 1, place / 90, {}) for place in range(90)]
    curves = precision_curves({row.label: np.full(101, row.value) for row in rows}, rows)
    names = [curve.name for curve in curves]
    assert names == ["all labels", *(f"label {place:02}" for place in [0, 1, 2, 3, 4, 5, 85, 86, 87, 88, 89])]
    assert len(names) == MAX_CHARTS + 1
    assert curves[0].value == pytest.approx(44.5 / 90)


def test_training_and_validation_of_the_same_thing_share_a_chart_with_round_numbers_at_the_axes():
    found = charts(
        {
            "learning_rate": [(10, 0.1), (20, 0.05)],
            "loss": [(10, 3.7), (20, 1.5), (30, float("nan"))],
            "validation_loss": [(20, 2.0)],
        },
        best_step=15,
        stages=[0, 10, 99],
    )
    assert [(chart.name, [line.kind for line in chart.lines]) for chart in found] == [
        ("loss", ["training", "validation"]),
        ("learning_rate", ["training"]),
    ]
    loss = found[0]
    assert [tick.text for tick in loss.values] == ["0", "1", "2", "3", "4"]
    assert [tick.text for tick in loss.steps] == ["0", "5", "10", "15", "20"]
    assert loss.lines[0].points == "300.0,13.5 300.0,13.5 600.0,112.5"
    assert (loss.best, loss.stages) == (0.75, [0.5])


def test_losses_below_zero_have_an_axis_that_holds_them():
    (chart,) = charts({"loss": [(1, -0.2), (2, -3.4)]})
    assert [tick.text for tick in chart.values] == ["-4", "-3", "-2", "-1", "0"]
    assert chart.lines[0].points.endswith("600.0,153.0")


def test_variables_are_counted_by_where_they_come_from_and_when_they_are_learned(tmp_path: Path):
    rows = [
        VariableRow("a", (3, 4), "backbone", "old/a", "", "from step 100"),
        VariableRow("b", (), "backbone", "old/b", "", "frozen"),
        VariableRow("c", (5,), "heads", "", "another shape: (91,)", "always"),
    ]
    variables.write(tmp_path / "variables.json", rows)
    backbone, heads = weights(tmp_path / "variables.json")
    assert [(each.fate, each.variables, each.numbers) for each in backbone.sources] == [
        ("restored from the checkpoint", 2, 13)
    ]
    assert [(each.fate, each.variables, each.numbers) for each in backbone.learning] == [
        ("from step 100", 1, 12),
        ("frozen", 1, 1),
    ]
    assert heads.sources[0].fate == "not restored: another shape: (91,)"
    assert weights(tmp_path / "elsewhere.json") == []


def a_detector(tmp_path: Path, scenes: list[Item]) -> tuple[ModelFolder, Dataset]:
    dataset = Dataset.open(image_dataset(tmp_path / "data", {"test": scenes}))
    model = detector(tmp_path / "model")
    predictions.write(model.predictions("test"), ANSWERS.items())
    return model, dataset


def test_the_page_tells_how_training_went_and_escapes_what_users_wrote(tmp_path: Path, scenes: list[Item]):
    model, dataset = a_detector(tmp_path, [*scenes, a_scene(tmp_path, f"{EVIL[:7]}.png", Box(EVIL, *LEFT))])
    predictions.write(model.predictions("test"), {**ANSWERS, f"{EVIL[:7]}.png": an_answer()}.items())
    model.pretrained = EVIL
    model.parameters = {
        "steps": 1150,
        "batch_size": 16,
        "best_step": 900,
        "stopped": "Stopped after step 1150: it got no better.",
        "resumed_from": 400,
        "chosen_by": "Chosen on 30 images.",
        "warm_start": "Started from what the baseline found.",
        "unfreeze_at_step": [300, 600],
        "levers": {"augmentation": {"horizontal_flip": True}, "module": EVIL},
        "not_taken_over": [EVIL],
        "set_aside": [{"id": EVIL, "reason": EVIL}],
    }
    history.write(model.path, [{"step": 500, "loss": 1.0}, {"step": 1150, "loss": 0.5, "validation_found": 0.8}])
    variables.write(model.variables, [VariableRow(EVIL, (1,), "heads", "", EVIL, EVIL)])
    model.config.write_text(f"module: {EVIL}\n")
    write_page_of_training(model, dataset, tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    assert "script" not in page.tags
    assert page.words.count(EVIL) >= 11
    for words in (
        "trained for 1,150 steps of 16 images.",
        "The weights are those of step 900. Chosen on 30 images. Stopped after step 1150",
        "validation 0.8",
        "Started from what the baseline found.",
        "It went on from the checkpoint of step 400 after an interruption.",
        "more is learned from step 300, 600 on",
        "augmentation {horizontal_flip: true}",
        "Set aside: 1 of the images",
    ):
        assert words in page.words


def test_a_model_about_which_little_was_noted_has_a_page(tmp_path: Path, scenes: list[Item]):
    model, dataset = a_detector(tmp_path, scenes)
    write_page_of_training(model, dataset, tmp_path / "page.html")
    assert Text(tmp_path / "page.html").tags.count("img") == 4
    model.predictions("test").unlink()
    write_page_of_training(model, dataset, tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    assert "There was nothing to measure on." in page.words
    assert "img" not in page.tags


def classified(tmp_path: Path, labels: dict[str, list[str]]) -> Dataset:
    items = [
        an_item(an_image(tmp_path / name, seed=n), name, labels=own) for n, (name, own) in enumerate(labels.items())
    ]
    return Dataset.open(image_dataset(tmp_path / "data", {"test": items}, Task.IMAGE_CLASSIFICATION))


def test_a_classifier_shows_its_surest_mistakes_first(tmp_path: Path):
    dataset = classified(tmp_path, {f"{n}.png": ["cat"] for n in range(4)})
    sure = {"0.png": 0.6, "1.png": 0.9, "2.png": 0.7}
    found: dict[str, Any] = {
        name: {"displayNames": ["dog", "cat"], "confidences": [value, 1 - value]} for name, value in sure.items()
    }
    found["3.png"] = {"displayNames": ["cat", "dog"], "confidences": [0.99, 0.01]}
    evidence = labelled(dataset, dict.fromkeys(found, "cat"), found)
    assert [picture["caption"] for picture in evidence.worst] == [
        "1.png: cat taken for dog (0.90)",
        "2.png: cat taken for dog (0.70)",
        "0.png: cat taken for dog (0.60)",
    ]
    dog, cat = evidence.labels
    assert (dog.label, dog.count, dog.value, dog.others["precision"]) == ("dog", 0, 0.0, 0.0)
    assert (cat.value, cat.others) == (pytest.approx(0.4), {"precision": 1.0, "recall": 0.25})


def test_of_several_labels_each_has_its_average_precision_and_the_worst_images_name_the_labels_at_fault(tmp_path: Path):
    dataset = classified(tmp_path, {"a.png": ["cat"], "b.png": ["cat", "dog"], "c.png": ["dog"]})
    found = {
        "a.png": {"displayNames": ["cat", "dog"], "confidences": [0.9, 0.2]},
        "b.png": {"displayNames": ["dog", "cat"], "confidences": [0.8, 0.1]},
        "c.png": {"displayNames": ["cat", "dog"], "confidences": [0.6, 0.55]},
    }
    truth = {"a.png": ("cat",), "b.png": ("cat", "dog"), "c.png": ("dog",)}
    evidence = multi_labelled(dataset, ["cat", "dog", "owl"], truth, found)
    assert [picture["caption"] for picture in evidence.worst] == [
        "b.png: cat missing (0.10)",
        "c.png: cat too many (0.60)",
    ]
    assert [(row.label, row.value) for row in evidence.labels] == [
        ("cat", pytest.approx(0.5 * 1 + 0.5 * 2 / 3)),
        ("dog", 1.0),
    ]
    assert evidence.absent == ["owl"]
    model = detector(tmp_path / "model")
    predictions.write(model.predictions("test"), found.items())  # pyright: ignore[reportArgumentType]
    write_page_of_training(model, dataset, tmp_path / "page.html")
    assert "Average precision (AP) of each label" in Text(tmp_path / "page.html").words


def test_a_regression_shows_the_rows_that_are_furthest_off(tmp_path: Path):
    dataset = Dataset.open(people_dataset(tmp_path / "data", {"test": [20.0, 30.0, None]}, city=EVIL))
    model = regressor(tmp_path / "model")
    found = {"test.csv:2": {"value": 41.0}, "test.csv:3": {"value": 75.0}, "test.csv:4": {"value": 0.0}}
    predictions.write(model.predictions("test"), found.items())  # pyright: ignore[reportArgumentType]
    write_page_of_training(model, dataset, tmp_path / "page.html")
    words = Text(tmp_path / "page.html").words
    assert words.index(f"test.csv:3 60 75 30 {EVIL}") < words.index(f"test.csv:2 40 41 20 {EVIL}")
    assert "test.csv:4" not in words


def test_a_classifier_of_rows_shows_its_surest_mistakes_as_rows(tmp_path: Path):
    columns = [Column("age", ColumnType.NUMBER), Column("kind", ColumnType.CATEGORY)]
    with DatasetWriter(tmp_path / "data", Task.TABULAR_CLASSIFICATION, "a test", columns, "kind") as writer:
        rows = [
            {"age": 10.0 * n, "kind": kind, "__id__": f"{n}", "__sha256__": "", "__ml_use__": "", "__faults__": []}
            for n, kind in enumerate(["old", "old", EVIL])
        ]
        writer.add_rows(pa.Table.from_pylist(rows, row_schema(columns)), "test")
    model = regressor(tmp_path / "model")
    answers = [(f"{n}", {"displayNames": ["old", EVIL], "confidences": [0.8, 0.2]}) for n in range(3)]
    predictions.write(model.predictions("test"), answers)  # pyright: ignore[reportArgumentType]
    write_page_of_training(model, Dataset.open(tmp_path / "data"), tmp_path / "page.html")
    page = Text(tmp_path / "page.html")
    assert f"2 {EVIL} old (0.80) 20" in page.words
    assert "img" not in page.tags
