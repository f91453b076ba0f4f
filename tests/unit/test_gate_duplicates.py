"""Copies are told from coincidences, in one split and between splits, among rows, texts and images."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gate_worlds as worlds
import numpy as np
import pandas as pd
import pytest
from gate_worlds import CAT, DOG
from PIL import Image
from tiny_tables import table_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Column, ColumnType, Task
from graduate.components.data_quality_gate.duplicates.copies import duplicates_and_overlap
from graduate.components.data_quality_gate.findings import Finding, NotJudged
from graduate.components.import_dataset.read import read_dataset
from graduate.components.models import predictions

SIZES = {"train": 300, "validation": 40, "test": 60}
MEASURES = [Column(f"measure {n}", ColumnType.NUMBER) for n in range(5)]
KIND = Column("kind", ColumnType.CATEGORY)
NUMBERED = [Column("no", ColumnType.NUMBER), Column("who", ColumnType.CATEGORY), *MEASURES, KIND]

Row = dict[str, Any]


def measured(count: int) -> list[Row]:
    """Rows that say much: numbers with four digits, and a name of the row."""
    rng = np.random.default_rng(0)
    return [
        {"no": float(n), "who": f"W{n}", "kind": "ab"[n % 2]}
        | {column.name: round(float(rng.normal(50, 10)), 3) for column in MEASURES}
        for n in range(count)
    ]


def outcomes(data: Dataset, path: Path) -> tuple[dict[str, Finding], list[NotJudged]]:
    found = list(duplicates_and_overlap(data, worlds.baseline(path / "baseline", data, {"accuracy": 0.5})))
    findings = {each.rule: each for each in found if isinstance(each, Finding)}
    return findings, [each for each in found if isinstance(each, NotJudged)]


def found_in(path: Path, rows: list[Row], columns: list[Column], task: Task = Task.TABULAR_CLASSIFICATION):
    data = table_dataset(path / "data", task, columns, rows, SIZES)
    findings, _ = outcomes(data, path)
    return {rule: [(case.id, case.twin) for case in found.cases] for rule, found in findings.items()}


def place(data_row: int) -> str:
    return f"table.csv:{data_row + 2}"


@pytest.fixture
def rows() -> list[Row]:
    return measured(sum(SIZES.values()))


def test_clean_rows_have_no_copies(tmp_path, rows):
    assert found_in(tmp_path, rows, NUMBERED) == {}


def test_a_copy_under_another_number_is_a_duplicate(tmp_path, rows):
    rows[299] = rows[7] | {"no": 299.0, "who": "W299"}
    assert found_in(tmp_path, rows, NUMBERED) == {"duplicate": [(place(299), ("train", place(7)))]}


def test_a_copy_in_another_split_is_a_critical_overlap(tmp_path, rows):
    rows[399] = rows[7] | {"no": 399.0, "who": "W399"}
    found, _ = outcomes(table_dataset(tmp_path / "data", Task.TABULAR_CLASSIFICATION, NUMBERED, rows, SIZES), tmp_path)
    assert [(case.split, case.twin) for case in found["split_overlap"].cases] == [("test", ("train", place(7)))]
    assert found["split_overlap"].severity == "critical"


@pytest.mark.parametrize(("count", "severity"), [(2, "warning"), (8, "critical")])
def test_near_copies_in_another_split_are_critical_only_when_there_are_many(tmp_path, rows, count, severity):
    for number in range(count):  # of 60 test rows
        rows[399 - number] = rows[7 + number] | {MEASURES[0].name: rows[7 + number][MEASURES[0].name] * 1.0005}
    found, _ = outcomes(table_dataset(tmp_path / "data", Task.TABULAR_CLASSIFICATION, NUMBERED, rows, SIZES), tmp_path)
    assert (len(found["split_overlap"].cases), found["split_overlap"].severity) == (count, severity)


@pytest.mark.parametrize(
    "change",
    [
        lambda row: {"measure 0": row["measure 0"] * 1.001},
        lambda row: {column.name: row[column.name] * 1.00001 for column in MEASURES},
        lambda row: {"city": "  saint  HELIER"},
    ],
)
def test_a_copy_that_differs_a_little_is_a_near_duplicate(tmp_path, rows, change):
    rows = [row | {"city": "Saint Helier"} for row in rows]
    rows[299] = rows[7] | change(rows[7])
    columns = [*MEASURES, Column("city", ColumnType.CATEGORY), KIND]
    assert found_in(tmp_path, rows, columns) == {"near_duplicate": [(place(299), ("train", place(7)))]}


def test_a_row_with_one_value_of_its_own_is_no_copy(tmp_path, rows):
    rows[299] = rows[7] | {"measure 0": rows[7]["measure 0"] + 5}
    assert found_in(tmp_path, rows, [*MEASURES, KIND]) == {}


def test_a_copy_with_another_label_is_a_contradiction(tmp_path, rows):
    rows[299] = rows[7] | {"kind": "a"}
    assert found_in(tmp_path, rows, [*MEASURES, KIND]) == {"contradiction": [(place(299), ("train", place(7)))]}


def test_a_copy_without_a_label_contradicts_nothing(tmp_path, rows):
    rows[299] = rows[7] | {"kind": None}
    assert "contradiction" not in found_in(tmp_path, rows, [*MEASURES, KIND])


def test_the_same_design_measured_twice_is_no_copy_in_a_regression(tmp_path, rows):
    rows[299] = rows[7] | {"measure 4": rows[7]["measure 4"] + 3}
    assert found_in(tmp_path, rows, MEASURES, Task.TABULAR_REGRESSION) == {}


@pytest.mark.parametrize("are_alike", [False, True])
def test_rows_that_say_little_repeat_by_chance(tmp_path, are_alike):
    """Also where a hidden cause makes the columns agree, so that each seems to say more than it does."""
    rng = np.random.default_rng(0)
    columns = [Column(f"part {n}", ColumnType.CATEGORY) for n in range(12 if are_alike else 4)]
    causes = rng.integers(0, 20, sum(SIZES.values()))
    answers = rng.integers(0, 4, (20, len(columns)))
    rows = [
        {
            column.name: f"{answers[cause, n] if are_alike and rng.random() < 0.95 else rng.integers(4)}"
            for n, column in enumerate(columns)
        }
        | {"kind": str(rng.choice(["a", "b"]))}
        for cause in causes
    ]
    data = table_dataset(tmp_path / "data", Task.TABULAR_CLASSIFICATION, [*columns, KIND], rows, SIZES)
    found, not_judged = outcomes(data, tmp_path)
    assert found == {}
    assert [each.rule for each in not_judged] == ["duplicate"]
    assert "coincidence" in not_judged[0].reason


def test_rows_of_a_series_are_not_compared(tmp_path, rows):
    data = table_dataset(tmp_path / "data", Task.TABULAR_CLASSIFICATION, [*MEASURES, KIND], [rows[0]] * 400, SIZES)
    data.task = Task.TABULAR_FORECASTING
    assert outcomes(data, tmp_path) == ({}, [])


def test_texts_are_compared_by_their_words(tmp_path):
    rng = np.random.default_rng(0)
    texts = [" ".join(f"word{rank}" for rank in rng.integers(0, 500, 12)) for _ in range(400)]
    texts[3] = texts[4] = "Thank you!"  # which many say
    texts[299], texts[298] = texts[7], f"{texts[8].upper()}!"
    texts[399] = texts[9].replace(" ", "  ")
    columns = [Column("remark", ColumnType.TEXT), KIND]
    rows = [{"remark": text, "kind": "a"} for text in texts]
    assert found_in(tmp_path, rows, columns, Task.TEXT_CLASSIFICATION) == {
        "duplicate": [(place(299), ("train", place(7)))],
        "near_duplicate": [(place(298), ("train", place(8)))],
        "split_overlap": [(place(399), ("train", place(9)))],
    }


def test_an_image_with_two_labels_is_a_contradiction(tmp_path):
    splits = {
        split: [replace(each, boxes=[], labels=["cat"]) for each in items]
        for split, items in worlds.scenes(tmp_path / "images", train=20).items()
    }
    splits["train"].append(replace(splits["train"][5], id="copy.png", labels=["dog"]))
    data = worlds.write_images(tmp_path / "data", splits, Task.IMAGE_CLASSIFICATION)
    found, _ = outcomes(data, tmp_path)
    assert {rule: [case.id for case in each.cases] for rule, each in found.items()} == {"contradiction": ["copy.png"]}


def write_answers(path: Path, data: Dataset, wrong: Mapping[str, bool]) -> Any:
    model = worlds.baseline(path / "knowing", data, {"accuracy": 0.5})
    table = data.table("test")
    answers = []
    for identity, kind in zip(table["__id__"].to_pylist(), table["kind"].to_pylist(), strict=True):
        chosen = ({"a": "b", "b": "a"}[kind]) if identity in wrong else kind
        other = {"a": "b", "b": "a"}[chosen]
        answer: predictions.LabelledPrediction = {"displayNames": [chosen, other], "confidences": [0.9, 0.1]}
        answers.append((identity, answer))
    model.predictions("test").parent.mkdir(parents=True)
    predictions.write(model.predictions("test"), answers)
    return model


def test_an_overlap_says_what_the_metric_is_without_it(tmp_path, rows):
    for copy, original in zip(range(380, 400), range(20), strict=True):
        rows[copy] = rows[original]
    data = table_dataset(tmp_path / "data", Task.TABULAR_CLASSIFICATION, [*MEASURES, KIND], rows, SIZES)
    model = write_answers(tmp_path, data, {place(row): True for row in range(340, 360)})
    overlap = next(each for each in duplicates_and_overlap(data, model) if each.rule == "split_overlap")
    assert isinstance(overlap, Finding)
    (effect,) = overlap.counterfactuals
    assert effect.change == "leave the 20 copies out of test"
    assert (effect.metric, effect.before, effect.after) == ("accuracy", pytest.approx(40 / 60), pytest.approx(0.5))


def test_an_overlap_of_images_says_what_the_metric_is_without_it(tmp_path):
    pytest.importorskip("pycocotools")
    splits = worlds.scenes(tmp_path / "images", train=20)
    more = [worlds.item(tmp_path / "images", f"m{n}.png", worlds.picture(500 + n), boxes=[CAT]) for n in range(30)]
    splits["test"] += [*more, replace(splits["train"][5], id="copy.png", boxes=[CAT, DOG])]
    data = worlds.write_images(tmp_path / "data", splits, Task.OBJECT_DETECTION)
    model = worlds.detector(tmp_path / "baseline", data)
    overlap = next(each for each in duplicates_and_overlap(data, model) if each.rule == "split_overlap")
    assert isinstance(overlap, Finding)
    assert [(each.metric, each.after) for each in overlap.counterfactuals] == [("ap50", pytest.approx(1.0))]


def test_titanic_is_clean_and_its_planted_copies_are_found(tmp_path, shared_datasets: Path):
    table = pd.read_csv(shared_datasets / "titanic_train.csv")
    rng = np.random.default_rng(0)
    splits = rng.choice(["train", "test"], len(table), p=[0.8, 0.2])
    table["ml_use"] = splits
    victims = rng.choice(np.flatnonzero(splits == "train"), 30, replace=False)
    copies = table.loc[victims].assign(PassengerId=range(5000, 5030), ml_use=["train"] * 15 + ["test"] * 15)
    poor = table.drop(columns=["PassengerId", "Name", "Ticket"])
    expected = {"clean": {}, "copied": {"duplicate": 15, "split_overlap": 15}, "poor": {}}
    for name, rows in {"clean": table, "copied": pd.concat([table, copies]), "poor": poor}.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
        read_dataset(
            source=str(tmp_path / f"{name}.csv"),
            task="tabular_classification",
            output=tmp_path / name,
            label_column="Survived",
        )
        found, _ = outcomes(Dataset.open(tmp_path / name), tmp_path / f"{name}.world")
        assert {rule: len(each.cases) for rule, each in found.items()} == expected[name]


@pytest.mark.parametrize("colours", [[(200, 60, 60), (60, 140, 60)], [(40, 40, 40), (210, 210, 210)]])
def test_blank_images_of_other_colours_or_brightness_are_no_copies(tmp_path, colours):
    splits = worlds.scenes(tmp_path / "images", train=1)
    for number, colour in enumerate(colours):
        image = Image.new("RGB", (64, 64), colour)
        splits["train" if number else "test"].append(worlds.item(tmp_path / "images", f"{number}.png", image))
    data = worlds.write_images(tmp_path / "data", splits, Task.OBJECT_DETECTION)
    assert not outcomes(data, tmp_path)[0]
