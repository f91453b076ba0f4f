"""Wrong labels, wrong numbers, outliers and rare labels: what was planted is found, and clean data is left alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gate_worlds as worlds
import numpy as np
import pyarrow as pa
import pytest
from gate_worlds import CAT, DOG
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict

from graduate.components.data.dataset import Dataset, DatasetWriter, row_schema
from graduate.components.data.items import SPLITS, Box, Column, ColumnType, Task
from graduate.components.data_quality_gate.findings import Case, Finding, NotJudged
from graduate.components.data_quality_gate.labels import wrong_labels as labels
from graduate.components.data_quality_gate.labels import wrong_values as values
from graduate.components.data_quality_gate.labels.balance import balance
from graduate.components.data_quality_gate.labels.outliers import outliers
from graduate.components.data_quality_gate.leakage import sample
from graduate.components.data_quality_gate.leakage.refit import ValuePredictions
from graduate.components.models import predictions
from graduate.components.models.label_probabilities import LabelProbabilities

LISTED = 0.6


def digits(share: float, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """scikit-learn's digits with a share relabelled by seed: given labels, flipped places, probabilities."""
    bunch: Any = load_digits()
    pixels, truth = bunch.data, bunch.target
    chance = np.random.default_rng(seed)
    flipped = chance.choice(len(truth), round(len(truth) * share), replace=False)
    given = truth.copy()
    given[flipped] = (given[flipped] + chance.integers(1, 10, len(flipped))) % 10
    model = LogisticRegression(max_iter=200)
    return given, flipped, np.asarray(cross_val_predict(model, pixels / 16, given, cv=5, method="predict_proba"))


def two_kinds(folder: Path, given: Sequence[str]) -> Dataset:
    rows = [(float(number), kind) for number, kind in enumerate(given)]
    return worlds.write_table(folder, {"train": rows, "validation": [], "test": []}, Task.TABULAR_CLASSIFICATION)


def rows_of(data: Dataset, of_b: NDArray[np.float64]) -> LabelProbabilities:
    """What a model believes that gives `b` this probability in each row."""
    table = data.table("train")
    return LabelProbabilities(
        ids=table["__id__"].to_pylist(),
        splits=["train"] * len(table),
        boxes=np.full(len(table), -1, np.int32),
        labels=table["kind"].to_pylist(),
        probabilities=np.column_stack([1 - of_b, of_b]).astype(np.float32),
    )


def flipped_world(folder: Path, share: float) -> tuple[list[Finding], set[str]]:
    """Findings of 1,000 rows that a good model knows, a share of them flipped; and the ids of those."""
    chance = np.random.default_rng(1)
    of_b = 1 / (1 + np.exp(-chance.normal(0, 6, 1000)))
    is_b = chance.random(1000) < of_b
    flipped = chance.choice(1000, round(1000 * share), replace=False)
    is_b[flipped] = ~is_b[flipped]
    data = two_kinds(folder, np.where(is_b, "b", "a").tolist())
    found = [each for each in labels.wrong_labels(data, rows_of(data, of_b), "") if isinstance(each, Finding)]
    return found, {f"table.csv:{place + 2}" for place in flipped}


def test_rows_that_other_findings_account_for_are_left_out():
    rows = LabelProbabilities(
        ids=["a", "a", "b", "b"],
        splits=["train"] * 4,
        boxes=np.array([0, 1, 0, 1], np.int32),
        labels=["x", "y", "x", "y"],
        probabilities=np.eye(4, 2, dtype=np.float32),
    )
    told = [Case("a", "", "train", "dark"), Case("b", "", "train", "misplaced", box=1), Case("b", "", "test", "dark")]
    left = labels.unexplained(rows, told)
    assert (left.ids, left.boxes.tolist(), left.labels, left.probabilities.shape) == (["b"], [0], ["x"], (1, 2))


def test_label_errors_are_found_in_real_digits():
    given, flipped, probabilities = digits(0.05)
    found = np.flatnonzero(labels.probably_wrong(given, probabilities)[0] >= LISTED)
    correct = np.isin(found, flipped).sum()
    assert correct / len(found) >= 0.9
    assert correct / len(flipped) >= 0.8


def test_next_to_nothing_is_found_in_clean_digits():
    given, _, probabilities = digits(0.0)
    assert (labels.probably_wrong(given, probabilities)[0] >= LISTED).sum() <= 5


def test_the_stated_probability_is_the_precision():
    given, flipped, probabilities = digits(0.1, seed=1)
    wrong, _ = labels.probably_wrong(given, probabilities)
    listed = np.flatnonzero(wrong >= LISTED)
    assert wrong[listed].mean() == pytest.approx(np.isin(listed, flipped).mean(), abs=0.08)


def test_labels_of_classes_that_overlap_are_not_wrong():
    chance = np.random.default_rng(2)
    of_b = 1 / (1 + np.exp(-chance.normal(0, 2, 3000)))
    given = (chance.random(3000) < of_b).astype(np.int64)
    assert (of_b[given == 0] > 0.9).sum() > 10  # which a rule of thumb would list
    wrong, _ = labels.probably_wrong(given, np.column_stack([1 - of_b, of_b]))
    assert (wrong >= LISTED).sum() == 0


def test_a_rare_label_that_the_model_does_not_know_is_not_listed_wholesale():
    chance = np.random.default_rng(3)
    given = (chance.random(3000) < 0.03).astype(np.int64)
    of_rare = 1 / (1 + np.exp(4 - chance.normal(0, 1, 3000)))
    wrong, _ = labels.probably_wrong(given, np.column_stack([1 - of_rare, of_rare]))
    assert (wrong[given == 1] >= LISTED).mean() < 0.05


def test_a_class_that_no_neighbour_has_is_not_impossible():
    given = np.array([0] * 60 + [1] * 60)
    of_one = np.where(given == 1, 5 / 7, 2 / 7)
    of_one[:6], of_one[60:66] = 1.0, 0.0
    of_one[6:12], of_one[66:72] = 4 / 7, 3 / 7
    assert np.isfinite(labels.probably_wrong(given, np.column_stack([1 - of_one, of_one]))[0]).all()


def test_a_few_flipped_labels_are_a_warning(tmp_path):
    [found], flipped = flipped_world(tmp_path, 0.05)
    ids = {case.id for case in found.cases}
    assert found.severity == "warning"
    assert len(ids & flipped) / len(ids) >= 0.8
    assert found.measured == len(ids) / 1000
    assert "are probably wrong" in found.message


def test_a_fifth_of_the_labels_flipped_is_critical(tmp_path):
    [found], flipped = flipped_world(tmp_path, 0.2)
    assert (found.severity, found.threshold) == ("critical", 0.1)
    assert len({case.id for case in found.cases} & flipped) / len(found.cases) >= 0.8


def test_a_wrong_label_is_told_with_the_likelier_one(tmp_path):
    data = two_kinds(tmp_path, ["a", "b"] * 100 + ["b"])
    of_b = np.append(np.tile([0.02, 0.98], 100), 0.001)
    [found] = labels.wrong_labels(data, rows_of(data, of_b), "")
    assert isinstance(found, Finding)
    assert [(case.id, case.split) for case in found.cases] == [("table.csv:202", "train")]
    assert found.cases[0].detail.startswith("labelled 'b', probably 'a'")


def test_without_probabilities_labels_are_not_judged(tmp_path):
    data = two_kinds(tmp_path / "two", ["a", "b"] * 10)
    assert list(labels.wrong_labels(data, None, "The baseline has none")) == [
        NotJudged("wrong_label", "The baseline has none, so there are no class probabilities to judge the labels by.")
    ]
    data = two_kinds(tmp_path / "one", ["a"] * 10)
    [outcome] = labels.wrong_labels(data, rows_of(data, np.zeros(10)), "")
    assert isinstance(outcome, NotJudged)


def slipped(truth: NDArray[np.float64], factor: float, share: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    places = np.random.default_rng(5).choice(len(truth), round(len(truth) * share), replace=False)
    given = truth.copy()
    given[places] *= factor
    return given, places


@pytest.mark.parametrize("factor", [10, 1000, -1])
def test_slips_of_the_unit_and_of_the_sign_are_found_in_real_values(factor):
    bunch: Any = load_diabetes()
    given, places = slipped(bunch.target, factor, 0.02)
    predicted = np.asarray(cross_val_predict(Ridge(0.1), bunch.data, given))
    found = np.flatnonzero(values.probably_wrong(given, predicted)[0] >= LISTED)
    assert np.isin(found, places).mean() >= 0.8
    assert np.isin(places, found).mean() >= 0.8


def test_heavy_tails_are_no_wrong_values():
    chance = np.random.default_rng(6)
    middle = chance.normal(20, 3, 3000)
    for tail in (chance.standard_t(3, 3000), chance.pareto(2.5, 3000), np.exp(chance.normal(0, 1, 3000))):
        assert (values.probably_wrong(middle + tail, middle)[0] >= LISTED).sum() <= 1


def test_a_target_of_mostly_zeros_has_no_wrong_values():
    chance = np.random.default_rng(7)
    middle = np.exp(chance.normal(3, 0.5, 3000))
    given = np.where(chance.random(3000) < 0.7, 0, middle)
    assert (values.probably_wrong(given, 0.3 * middle)[0] >= LISTED).sum() == 0


def regression(folder: Path, count: int = 300) -> tuple[Dataset, NDArray[np.float64]]:
    """Rows whose value is about 100 each, the first ten times too large; and what was meant."""
    meant = np.random.default_rng(8).normal(100, 5, count)
    given = np.append(10 * meant[0], meant[1:])
    rows = {"train": [(value, "a") for value in given[:-20]], "validation": [], "test": [(v, "a") for v in given[-20:]]}
    return worlds.write_table(folder, rows, Task.TABULAR_REGRESSION), meant


def test_the_baselines_predictions_tell_which_value_is_ten_times_too_large(tmp_path):
    data, meant = regression(tmp_path / "data")
    model = worlds.baseline(tmp_path / "baseline", data, {"rmse": 1})
    assert values.baseline_values(data, model) is None
    guesses = iter(meant + np.random.default_rng(9).normal(0, 2, len(meant)))
    for split in SPLITS:
        ids = data.table(split)["__id__"].to_pylist()
        predictions.write(model.predictions(split), [(identity, {"value": float(next(guesses))}) for identity in ids])
    rows = values.baseline_values(data, model)
    assert rows is not None
    assert rows.splits.count("test") == 20
    [found] = values.wrong_values(data, rows)
    assert isinstance(found, Finding)
    assert [(case.id, case.column) for case in found.cases] == [("table.csv:2", "size")]
    assert "10 times too large" in found.cases[0].detail


def test_without_predictions_or_with_few_values_are_not_judged(tmp_path):
    data, meant = regression(tmp_path)
    few = ValuePredictions(ids=["table.csv:2"], splits=["train"], given=meant[:1], predicted=meant[:1])
    assert [type(each) for each in values.wrong_values(data, None)] == [NotJudged]
    assert [type(each) for each in values.wrong_values(data, few)] == [NotJudged]


def table_of_numbers(folder: Path, numbers: NDArray[np.float64]) -> Dataset:
    """A table of four columns of numbers and a label."""
    columns = [Column(f"x{place}", ColumnType.NUMBER) for place in range(4)] + [Column("kind", ColumnType.CATEGORY)]
    records = [
        {f"x{place}": value for place, value in enumerate(row)}
        | {"kind": "ab"[line % 2], "__id__": f"t.csv:{line + 2}", "__sha256__": f"{line * 2654435761 % 2**32:08x}"}
        | {"__ml_use__": "", "__faults__": []}
        for line, row in enumerate(numbers.tolist())
    ]
    with DatasetWriter(folder, Task.TABULAR_CLASSIFICATION, "t.csv", columns, "kind") as writer:
        writer.add_rows(pa.Table.from_pylist(records, row_schema(columns)), "train")
    return Dataset.open(folder)


def test_a_row_far_from_all_others_is_an_outlier_for_information(tmp_path):
    numbers = np.random.default_rng(10).normal(50, 5, (400, 4))
    numbers[7, 2] = 99_999
    [found] = outliers(table_of_numbers(tmp_path, numbers), 0)
    assert isinstance(found, Finding)
    assert found.severity == "info"
    assert [case.id for case in found.cases] == ["t.csv:9"]
    assert "above all in x2 99,999" in found.cases[0].detail


def test_heavy_tails_and_copies_have_no_outliers(tmp_path):
    numbers = np.exp(np.random.default_rng(11).normal(0, 1, (1000, 4)))
    assert list(outliers(table_of_numbers(tmp_path / "tails", numbers), 0)) == []
    assert list(outliers(table_of_numbers(tmp_path / "copies", np.repeat(numbers[:50], 20, axis=0)), 0)) == []


def test_of_a_large_table_it_is_said_how_many_rows_were_looked_at(tmp_path, monkeypatch):
    numbers = np.random.default_rng(10).normal(50, 5, (400, 4))
    numbers[::100, 2] = [1e5, 1e7, 1e9, 1e11]
    monkeypatch.setitem(sample.MOST_ROWS, "train", 300)
    [found] = outliers(table_of_numbers(tmp_path, numbers), 0)
    assert isinstance(found, Finding)
    assert "among 300 of 400 rows" in found.message


def test_outliers_of_a_table_with_a_single_column_of_numbers_are_not_judged(tmp_path):
    rows = [(size, "ab"[size > 0]) for size in np.random.default_rng(12).normal(0, 1, 40).tolist()]
    splits = {"train": rows, "validation": [], "test": []}
    [outcome] = outliers(worlds.write_table(tmp_path, splits, Task.TABULAR_CLASSIFICATION), 0)
    assert outcome == NotJudged("outlier", "It takes 3 columns of numbers and 11 labelled rows.")


@pytest.mark.parametrize(
    ("train", "severity", "threshold"), [(9, "critical", 10), (10, "warning", 100), (100, "warning", 1000)]
)
def test_boxes_of_a_label_are_judged_by_the_bands_of_the_service(tmp_path, train, severity, threshold):
    data = worlds.write_images(tmp_path / "data", worlds.scenes(tmp_path / "images", train), Task.OBJECT_DETECTION)
    [found] = balance(data)
    assert isinstance(found, Finding)
    assert (found.severity, found.measured, found.threshold) == (severity, train, threshold)


def test_a_thousand_boxes_of_each_label_are_enough(tmp_path):
    scene = worlds.scenes(tmp_path / "images", 100)
    for each in scene["train"]:
        each.boxes[:] = [CAT, DOG] * 10
    assert list(balance(worlds.write_images(tmp_path / "data", scene, Task.OBJECT_DETECTION))) == []


def test_a_hundred_rows_of_each_label_are_enough_of_a_table(tmp_path):
    assert list(balance(two_kinds(tmp_path / "enough", ["a", "b"] * 100))) == []
    [found] = balance(two_kinds(tmp_path / "few", ["a"] * 100 + ["b"] * 99))
    assert (found.severity, found.threshold) == ("warning", 100)
    assert [case.detail for case in found.cases] == ["label 'b': 99 items in train"]


def test_a_label_that_only_other_splits_have_counts_none(tmp_path):
    scene = worlds.scenes(tmp_path / "images", 12)
    scene["test"][0].boxes.append(Box("bird", 0.1, 0.6, 0.3, 0.9))
    found = next(balance(worlds.write_images(tmp_path / "data", scene, Task.OBJECT_DETECTION)))
    assert (found.severity, found.measured) == ("critical", 0)
    assert found.cases[0].detail == "label 'bird': 0 boxes in train"
