"""What the gate's page draws: the scale, distributions, columns by label, rows; and what it says it looked for."""

import gate_worlds as worlds
import numpy as np
import pytest
from gate_worlds import CAT, DOG
from PIL import Image

from graduate.components.data.items import ColumnType, Task
from graduate.components.data_quality_gate.findings import Case, Finding
from graduate.components.data_quality_gate.page import looked_for
from graduate.components.data_quality_gate.page.by_label import Cloud, Shares, Strips, by_label
from graduate.components.data_quality_gate.page.close_up import picture
from graduate.components.data_quality_gate.page.distributions import HEIGHT, distributions, outline
from graduate.components.data_quality_gate.page.pictures import pictures
from graduate.components.data_quality_gate.page.rows import shown_rows
from graduate.components.data_quality_gate.page.scale import scale
from graduate.components.data_quality_gate.rules import RULES
from graduate.components.data_quality_gate.schema.profile import ColumnProfile
from graduate.components.data_quality_gate.standing import Standing


def standing(**changes) -> Standing:
    values = {"metric": "accuracy", "baseline": 0.8, "target": 0.9, "naive": 0.5, "target_is_given": True}
    return Standing(**(values | changes))


def table(tmp_path, rows, task=Task.TABULAR_CLASSIFICATION):
    return worlds.write_table(tmp_path / "data", {"train": rows, "validation": [], "test": []}, task)


def warned(rule: str, *cases: Case) -> Finding:
    return Finding(rule, "warning", "It is so.", len(cases), 0, cases)


def test_the_baseline_stands_between_the_ticks_that_its_value_lies_between():
    drawn = scale(standing())
    names = [tick.name for tick in drawn.ticks]
    assert names == ["guessing", "50 %", "80 %", "target"]
    assert [tick.value for tick in drawn.ticks] == ["0.5", "0.7", "0.82", "0.9"]
    assert drawn.ticks[1].left < drawn.mark < drawn.ticks[2].left
    assert sum(band.width for band in drawn.bands) == pytest.approx(100)
    assert drawn.interval is None


def test_where_lower_is_better_the_scale_still_runs_from_guessing_to_the_target():
    drawn = scale(standing(metric="rmse", baseline=4.0, target=2.0, naive=10.0, interval=(3.0, 5.0)))
    assert [tick.value for tick in drawn.ticks] == ["10", "6", "3.6", "2"]
    assert drawn.interval
    left, width = drawn.interval
    assert left < drawn.mark < left + width


def test_on_the_scale_of_the_raw_ratio_guessing_stands_where_it_gets():
    ticks = {tick.name: tick for tick in scale(standing(by="ratio", baseline=0.82, target=0.87, naive=0.76)).ticks}
    assert ticks["80 %"].left < ticks["guessing"].left < ticks["target"].left
    assert ticks["guessing"].lines == (1, 1)


def test_what_lies_beyond_the_axis_is_drawn_at_its_end():
    assert scale(standing(baseline=-7.0, interval=(-9.0, -6.0))).mark == 0
    assert scale(standing(baseline=0.5, bands=(0.0, 0.8))).bands[0].name == ""


def test_a_rule_is_looked_for_in_the_data_that_can_break_it():
    assert set(looked_for.TASKS_OF) == set(RULES)
    listed = [title for titles in looked_for.not_found(Task.IMAGE_CLASSIFICATION, (), ()).values() for title in titles]
    assert RULES["wrong_label"].title in listed
    assert not {RULES[rule].title for rule in ("missing_box", "id_column", "wrong_value", "outlier")} & set(listed)


def test_what_was_found_or_not_judged_is_not_among_what_was_not_found():
    steps = looked_for.not_found(Task.TABULAR_CLASSIFICATION, {"leakage"}, {"drift"})
    titles = [title for listed in steps.values() for title in listed]
    assert RULES["split_overlap"].title in titles
    assert not {RULES["leakage"].title, RULES["drift"].title} & set(titles)


def test_a_histogram_shows_a_bin_with_a_single_value_and_leaves_an_empty_one_empty():
    assert outline([0, 1, 2, 3], [1, 0.0001, 0]) == f"M0 80V0.0H80.0V{HEIGHT - 2}H160.0V80.0H240.0V80Z"


def test_a_distribution_has_train_beside_test_and_says_what_lies_beyond_its_axis():
    def part(rows, **more):
        return ColumnProfile(name="age", type=ColumnType.NUMBER, rows=rows, distinct=3, edges=[0, 1, 2], **more)

    train = part(10, missing=5, low=0.0, high=999.0, counts=[4, 1])
    test = part(4, missing=0, low=0.5, high=1.5, counts=[1, 3])
    profile = {"train": {"age": train}, "validation": {"age": test}}
    (drawn,) = distributions(profile, {"age": "validation", "unknown": "test"})
    assert [split for split, _ in drawn.paths] == ["train", "validation"]
    assert drawn.ends == ("0", "≥ 2")
    assert list(drawn.missing) == [0.5, 0.0]
    assert drawn.facts[0] == "train: 10 rows, 3 different values, 0 to 999, 50 % without value"


def test_the_share_of_a_category_beyond_a_cut_list_is_unknown_and_not_zero():
    def part(distinct, categories):
        kind = ColumnType.CATEGORY
        return ColumnProfile(name="c", type=kind, rows=10, missing=0, distinct=distinct, categories=categories)

    profile = {"train": {"c": part(1, {"a": 10})}, "test": {"c": part(99, {"b": 5})}}
    (drawn,) = distributions(profile, {"c": "test"})
    assert dict(drawn.bars) == {"a": [1.0, None], "b": [0.0, 0.5]}


def test_a_number_is_drawn_for_each_label_without_its_extremes(tmp_path):
    rows = [*((n % 10 + 100.0 * (n % 2), "ab"[n % 2]) for n in range(500)), (1e9, "a"), (float("nan"), "b")]
    (drawn,) = by_label(table(tmp_path, rows), ["size", "kind"])
    assert isinstance(drawn, Strips)
    assert [(group, count) for group, _, count in drawn.groups] == [("a", 251), ("b", 250)]
    assert drawn.ends == ("0", "≥ 109")


def test_a_category_is_drawn_for_numbers_to_predict_and_a_number_against_them(tmp_path):
    rows = [(float(n), "ab"[n > 50]) for n in range(100)]
    (drawn,) = by_label(table(tmp_path, rows, Task.TABULAR_REGRESSION), ["kind", "size"])
    assert isinstance(drawn, Strips)
    assert (drawn.of, drawn.by) == ("size", "kind")


def test_a_column_without_values_is_not_drawn(tmp_path):
    assert by_label(table(tmp_path, [(None, "a"), (None, "b")]), ["size"]) == []


@pytest.mark.parametrize(("types", "kind"), [("cc", Shares), ("nn", Cloud)])
def test_like_is_drawn_against_like(tmp_path, types, kind, monkeypatch):
    column = {"c": worlds.Column("size", ColumnType.CATEGORY), "n": worlds.Column("size", ColumnType.NUMBER)}
    label = {"c": worlds.Column("kind", ColumnType.CATEGORY), "n": worlds.Column("kind", ColumnType.NUMBER)}
    monkeypatch.setattr(worlds, "COLUMNS", [column[types[0]], label[types[1]]])
    values = [("x", "a"), ("y", "b"), ("x", "b")] if types == "cc" else [(1.0, 2.0), (3.0, 4.0), (3.0, 4.0)]
    (drawn,) = by_label(table(tmp_path, values), ["size"])
    assert isinstance(drawn, kind)
    if isinstance(drawn, Shares):
        assert list(drawn.rows) == [("x", 2, [0.5, 0.5]), ("y", 1, [1.0, 0.0])]
    else:
        assert sorted(drawn.cells) == [(0, 0, pytest.approx(0.5**0.5)), (39, 39, 1.0)]


def test_a_row_that_repeats_another_comes_after_it(tmp_path):
    data = table(tmp_path, [(1.0, "a"), (0.1 + 0.2, "b")])
    repeat = Case("table.csv:3", "table.csv:3", "train", "nearly the same", twin=("train", "table.csv:2"))
    shown = shown_rows(
        data, [warned("near_duplicate", repeat), warned("leakage", Case("", "", "", "x", column="size"))]
    )
    assert [(row.place, row.found, list(row.cells)) for row in shown["near_duplicate"]] == [
        ("table.csv:2", None, ["a", "1"]),
        ("table.csv:3", "nearly the same", ["b", "0.3"]),
    ]
    assert shown["leakage"] == []


def test_a_strip_is_shown_with_room_around_it_and_its_boxes_stay_on_it(tmp_path):
    strip = Image.new("RGB", (60, 1200), "white")
    item = worlds.item(tmp_path, "tall.png", strip, boxes=[CAT])
    drawn = picture(item, Case("tall.png", "", "train", "tall"), "tall")
    (box,) = drawn["true_boxes"]
    assert box.xmax - box.xmin == pytest.approx(0.3 * 60 / (1200 / 2))
    assert (box.ymin, box.ymax) == (CAT.ymin, CAT.ymax)


def test_twins_are_shown_in_pairs_and_what_cannot_be_read_is_not(tmp_path):
    scenes = worlds.scenes(tmp_path / "images", train=4)
    data = worlds.write_images(tmp_path / "data", scenes, Task.OBJECT_DETECTION)
    twins = [Case(f"train-{n}.png", "", "train", "the same", twin=("test", "test-0.png")) for n in range(3)]
    drawn = pictures(data, [warned("split_overlap", *twins), warned("unreadable_file", Case("gone.png", "", "", "x"))])
    assert [each["caption"] for each in drawn["split_overlap"][:2]] == ["test-0.png (test)", "train-0.png: the same"]
    assert len(drawn["split_overlap"]) == 6
    assert drawn["unreadable_file"] == []
    assert np.all(
        [
            box.label == label
            for box, label in zip(drawn["split_overlap"][0]["true_boxes"], (CAT.label, DOG.label), strict=True)
        ]
    )
