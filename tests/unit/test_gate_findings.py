"""Every rule finds what was planted, and nothing in clean data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import gate_worlds as worlds
import pytest
from gate_worlds import CAT, DOG
from PIL import Image

from graduate.components.data.items import Box, Fault, Reject, Task
from graduate.components.data_quality_gate.findings import Case, Finding
from graduate.components.data_quality_gate.judge import judge

BIRD = Box("cat", 0.05, 0.6, 0.3, 0.95)


def findings_of(
    tmp_path: Path, splits: worlds.Splits, rejects: Sequence[Reject] = (), knows: worlds.Splits | None = None
) -> dict[str, Finding]:
    data = worlds.write_images(tmp_path / "data", splits, Task.OBJECT_DETECTION, rejects)
    worlds.detector(tmp_path / "baseline", data, knows=knows)
    verdict = judge(
        str(tmp_path / "data"), str(tmp_path / "baseline"), str(tmp_path / "verdict"), str(tmp_path / "page.html")
    )
    return {finding.rule: finding for finding in verdict.findings}


@pytest.fixture
def scenes(tmp_path: Path) -> dict[str, list]:
    return worlds.scenes(tmp_path / "images")


def test_clean_data_has_no_finding_but_that_there_could_be_more(tmp_path, scenes):
    assert list(findings_of(tmp_path, scenes)) == ["too_few_per_label"]


def test_a_reject_is_a_finding_with_its_file_and_line(tmp_path, scenes):
    reject = Reject("import.jsonl:9", "/data/cut.jpg", "undecodable_image", "not a whole image", "train")
    found = findings_of(tmp_path, scenes, [reject])["undecodable_image"]
    assert found.severity == "warning"
    assert found.cases[0].source == "import.jsonl:9"
    assert found.cases[0].id == "/data/cut.jpg"


def test_a_reject_for_a_reason_of_no_rule_is_listed_all_the_same(tmp_path, scenes):
    found = findings_of(tmp_path, scenes, [Reject("import.jsonl:9", "", "moonlight", "too dim")])
    assert found["rejected_record"].cases[0].detail == "too dim"


@pytest.mark.parametrize(
    ("rule", "box"),
    [
        ("box_order", Box("cat", 0.4, 0.1, 0.1, 0.4)),
        ("box_degenerate", Box("cat", 0.1, 0.1, 0.1, 0.4)),
        ("box_out_of_range", Box("cat", 0.8, 0.1, 1.4, 0.4)),
        ("box_empty_label", Box("", 0.1, 0.1, 0.4, 0.4)),
    ],
)
def test_a_fault_of_a_box_is_a_finding_with_the_box(tmp_path, scenes, rule, box):
    scenes["train"][3] = replace(scenes["train"][3], boxes=[CAT, DOG, box], faults=[Fault(rule, "as it is", 2)])
    found = findings_of(tmp_path, scenes)[rule]
    assert [(case.id, case.box) for case in found.cases] == [("train-3.png", 2)]


def test_a_copy_in_the_same_split_is_a_duplicate(tmp_path, scenes):
    scenes["train"].append(replace(scenes["train"][5], id="copy.png"))
    found = findings_of(tmp_path, scenes)
    assert [(case.id, case.twin) for case in found["duplicate"].cases] == [("copy.png", ("train", "train-5.png"))]
    assert "split_overlap" not in found


def test_a_copy_in_another_split_is_a_critical_overlap(tmp_path, scenes):
    scenes["test"].append(replace(scenes["train"][5], id="copy.png"))
    found = findings_of(tmp_path, scenes)
    assert found["split_overlap"].severity == "critical"
    assert [(case.split, case.id) for case in found["split_overlap"].cases] == [("test", "copy.png")]
    assert "duplicate" not in found


@pytest.mark.parametrize(("split", "rule"), [("train", "near_duplicate"), ("test", "split_overlap")])
def test_a_picture_saved_again_is_found_by_sight(tmp_path, scenes, split, rule):
    again = worlds.item(tmp_path / "images", "again.jpg", worlds.picture(5), boxes=[CAT, DOG])
    scenes[split].append(again)
    found = findings_of(tmp_path, scenes)
    assert [(case.id, case.twin) for case in found[rule].cases] == [("again.jpg", ("train", "train-5.png"))]


def test_white_pages_with_one_small_sign_each_are_no_duplicates(tmp_path, scenes):
    for name, corner in {"left.png": (20, 20), "right.png": (150, 150)}.items():
        page = Image.new("RGB", (240, 240), "white")
        page.paste((40, 40, 40), (*corner, corner[0] + 12, corner[1] + 12))
        scenes["train"].append(replace(worlds.item(tmp_path / "images", name, page, boxes=[CAT, DOG]), phash="f" * 16))
    assert not {"duplicate", "near_duplicate"} & findings_of(tmp_path, scenes).keys()


def test_a_flipped_label_is_a_wrong_label_with_its_box(tmp_path, scenes):
    truth = {split: list(items) for split, items in scenes.items()}
    scenes["train"][7] = replace(scenes["train"][7], boxes=[CAT, replace(DOG, label="cat")])
    found = findings_of(tmp_path, scenes, knows=truth)
    assert list(found) == ["too_few_per_label", "wrong_label"]
    assert [(case.id, case.box) for case in found["wrong_label"].cases] == [("train-7.png", 1)]
    assert found["wrong_label"].severity == "warning"


def test_a_detection_where_nothing_is_labelled_is_a_missing_box(tmp_path, scenes):
    truth = {split: list(items) for split, items in scenes.items()}
    truth["train"][4] = replace(truth["train"][4], boxes=[CAT, DOG, BIRD])
    found = findings_of(tmp_path, scenes, knows=truth)
    assert list(found) == ["too_few_per_label", "missing_box"]
    assert [case.id for case in found["missing_box"].cases] == ["train-4.png"]
    assert "'cat'" in found["missing_box"].cases[0].detail
    assert found["missing_box"].cases[0].as_json()["bbox"] == pytest.approx([0.05, 0.3, 0.6, 0.95])


def test_a_case_without_a_proposal_has_no_box_to_propose():
    case = Case("a.png", "import.jsonl:1", "train", "blank")
    assert list(case.as_json()) == ["id", "source", "split", "box", "column", "label", "detail"]


def test_a_baseline_that_sees_objects_everywhere_is_not_asked_for_missing_boxes(tmp_path, scenes):
    places = [Box("cat", x / 20, 0.41, x / 20 + 0.04, 0.49) for x in range(20)]
    dreams = {split: [replace(each, boxes=[CAT, DOG, *places]) for each in items] for split, items in scenes.items()}
    assert "missing_box" not in findings_of(tmp_path, scenes, knows=dreams)


def test_a_label_ten_times_as_common_as_another_is_out_of_balance(tmp_path, scenes):
    for number in range(91):
        scenes["train"][number] = replace(scenes["train"][number], boxes=[DOG])
    found = findings_of(tmp_path, scenes)["class_imbalance"]
    assert found.measured == pytest.approx(100 / 9)
    assert "'dog'" in found.message


def test_rows_twice_in_a_table_and_in_two_splits_are_found(tmp_path):
    values = [(float(n), "ab"[n % 2]) for n in range(300)]
    rows = {"train": [*values[:240], values[3]], "validation": values[240:270], "test": [*values[270:], values[4]]}
    data = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_CLASSIFICATION)
    worlds.baseline(tmp_path / "baseline", data, {"accuracy": 0.9})
    verdict = judge(str(data.path), str(tmp_path / "baseline"), str(tmp_path / "verdict"), str(tmp_path / "page.html"))
    found = {finding.rule: [case.id for case in finding.cases] for finding in verdict.findings}
    assert found == {"split_overlap": ["table.csv:303"], "duplicate": ["table.csv:242"], "id_column": [""]}
