"""The demonstrations' input: real digits and a real table, spoiled by seed."""

import json

import pytest
from numpy.random import default_rng

from graduate.components.data.dataset import Dataset
from graduate.components.import_dataset.read import read_dataset
from graduate.pipelines.demo import scenes
from graduate.pipelines.demo.faults import WRONG_LABELS
from graduate.pipelines.demo.found import compare_with_planted
from graduate.pipelines.demo.scenes import LARGEST_OVERLAP, draw_scene, make_scenes, scans_by_split
from graduate.pipelines.demo.table import make_table


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The scenes, but few of them."""
    folder = tmp_path_factory.mktemp("scenes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "SCENES", {"training": 100, "validation": 3, "test": 5})
        make_scenes(folder / "first")
        make_scenes(folder / "again")
    return folder


def test_the_same_seed_makes_the_same_bytes(data):
    files = sorted(path.relative_to(data / "first") for path in (data / "first").rglob("*") if path.is_file())
    assert len(files) == 100 + 3 + 5 + 6 + 2
    assert all((data / "first" / file).read_bytes() == (data / "again" / file).read_bytes() for file in files)


def test_no_scan_stands_in_two_splits():
    dealt = scans_by_split(default_rng(0))
    assert sum(len(scans) for scans in dealt.values()) == 1797
    seen = [{scan.tobytes() for scan, _ in scans} for scans in dealt.values()]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


def test_digits_hardly_cover_each_other_and_lie_in_the_frame():
    rng = default_rng(1)
    scans = scans_by_split(rng)["test"]
    for _ in range(10):
        scene, picture = draw_scene("a.jpg", "test", scans, rng)
        assert picture.shape == (scene.height, scene.width, 3)
        for place, box in enumerate(scene.boxes):
            assert 0 <= box.xmin < box.xmax <= scene.width
            assert 0 <= box.ymin < box.ymax <= scene.height
            # Tight boxes are smaller than the digits that were kept apart, so that their shared part weighs more.
            assert all(box.overlap(other) <= 4 * LARGEST_OVERLAP for other in scene.boxes[:place])


def test_the_importer_sees_what_was_planted(data, tmp_path):
    planted = json.loads((data / "first" / "planted.json").read_text())
    summary = read_dataset(str(data / "first" / "import.jsonl"), "object_detection", tmp_path / "dataset")
    assert summary["rejects"] == len(planted["undecodable_image"]) == 1
    assert summary["faults"]["box_degenerate"] == len(planted["box_degenerate"])
    assert summary["faults"]["box_out_of_range"] == len(planted["box_out_of_range"])
    items = {item.id: item for item in Dataset.open(tmp_path / "dataset").items("train")}
    for fault in planted["wrong_label"]:
        assert items[fault["id"]].boxes[fault["box"]].label == fault["given"] != fault["right"]
    assert len(planted["wrong_label"]) == WRONG_LABELS


def test_what_the_gate_lists_is_held_against_what_was_planted(data, tmp_path):
    planted = json.loads((data / "first" / "planted.json").read_text())
    first, second = planted["wrong_label"][:2]
    listed = [{"id": first["id"], "box": first["box"]}, {"id": second["id"], "box": second["box"] + 1}]
    copy = {"id": planted["duplicate"][0]["copy_of"], "box": -1}
    xmin, ymin, xmax, ymax = planted["missing_box"][0]["corners"]
    missing = [
        {"id": planted["missing_box"][0]["id"], "box": -1, "bbox": [xmin, xmax, ymin, ymax]},
        {"id": planted["missing_box"][1]["id"], "box": -1, "bbox": [0.0, 0.01, 0.0, 0.01]},
    ]
    verdict = tmp_path / "data-quality-gate" / "verdict"
    verdict.mkdir(parents=True)
    findings = [{"rule": "wrong_label", "items": listed}, {"rule": "duplicate", "items": [copy]}]
    findings.append({"rule": "missing_box", "items": missing})
    (verdict / "verdict.json").write_text(json.dumps({"findings": findings}))
    said = list(compare_with_planted(data / "first", tmp_path))
    assert f"Planted wrong_label: {WRONG_LABELS}, found by the gate: 1 (it lists 2)." in said
    assert "Planted duplicate: 3, found by the gate: 1 (it lists 1)." in said
    assert "Planted missing_box: 12, found by the gate: 1 (it lists 2)." in said


def test_the_table_has_its_faults_where_the_list_says(tmp_path):
    table = make_table(tmp_path)
    planted = json.loads((tmp_path / "planted.json").read_text())
    lines = table.read_text().splitlines()
    for fault in planted["type_break"]:
        assert "n/k" in lines[int(fault["id"].rpartition(":")[2]) - 1]
    for rule in ("duplicate", "split_overlap"):
        for fault in planted[rule]:
            copy, original = (lines[int(fault[key].rpartition(":")[2]) - 1] for key in ("id", "copy_of"))
            assert copy.rpartition(",")[0] == original.rpartition(",")[0]
            assert (copy == original) is (rule == "duplicate")
