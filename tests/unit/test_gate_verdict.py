"""From metric, target and findings to the decision; and bad parameters."""

import json
from dataclasses import replace
from pathlib import Path

import gate_worlds as worlds
import pytest

from graduate.components.data.items import Task
from graduate.components.data_quality_gate.judge import judge
from graduate.components.data_quality_gate.standing import Standing, Target, standing
from graduate.components.data_quality_gate.verdict import Verdict, decide
from graduate.components.errors import InputError


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Clean detection data and a baseline of AP50 0.7."""
    data = worlds.write_images(tmp_path / "data", worlds.scenes(tmp_path / "images"), Task.OBJECT_DETECTION)
    worlds.detector(tmp_path / "baseline", data)
    return tmp_path


@pytest.fixture
def overlapping(tmp_path: Path) -> Path:
    """The same with one image in train and in test."""
    scenes = worlds.scenes(tmp_path / "images")
    scenes["test"].append(replace(scenes["train"][0], id="copy.png"))
    data = worlds.write_images(tmp_path / "data", scenes, Task.OBJECT_DETECTION)
    worlds.detector(tmp_path / "baseline", data)
    return tmp_path


def judged(world: Path, **parameters) -> Verdict:
    paths = [str(world / name) for name in ("data", "baseline", "verdict", "page.html")]
    return judge(*paths, **parameters)


def decision_at(baseline: float, target: float, naive: float, metric: str = "accuracy") -> str:
    return decide(Standing(metric, baseline, target, naive, target_is_given=True), [], []).decision


@pytest.mark.parametrize(
    ("target", "decision"), [(0.0, "graduate"), (0.9, "graduate"), (0.8, "deploy_baseline"), (1.0, "graduate")]
)
def test_the_target_decides_where_the_baseline_stands(world, target, decision):
    assert judged(world, target_value=target).decision == decision


def test_a_weak_baseline_means_fix_the_data(tmp_path):
    data = worlds.write_images(tmp_path / "data", worlds.scenes(tmp_path / "images"), Task.OBJECT_DETECTION)
    worlds.detector(tmp_path / "baseline", data, ap50=0.3)
    verdict = judged(tmp_path, target_value=0.9)
    assert verdict.decision == "fix_data"
    assert not any(finding.stops for finding in verdict.findings)


def test_without_a_target_a_weak_baseline_does_not_condemn_the_data(tmp_path):
    data = worlds.write_images(tmp_path / "data", worlds.scenes(tmp_path / "images"), Task.OBJECT_DETECTION)
    worlds.detector(tmp_path / "baseline", data, ap50=0.3)
    verdict = judged(tmp_path)
    assert (verdict.decision, verdict.standing.bands) == ("graduate", (0.0, 0.8))
    assert "of the way from guessing (0) to the best there is (1)" in verdict.reason


@pytest.mark.parametrize(
    ("interval", "decision"), [((0.61, 0.75), "graduate"), ((0.55, 0.75), "fix_data"), (None, "graduate")]
)
def test_without_a_target_the_baseline_has_to_be_better_than_guessing_beyond_doubt(interval, decision):
    place = Standing("accuracy", 0.65, 1.0, 0.6, target_is_given=False, interval=interval, bands=(0.0, 0.8))
    assert decide(place, [], []).decision == decision


@pytest.mark.parametrize(
    ("interval", "other"),
    [((0.60, 0.72), "fix the data"), ((0.66, 0.78), "ship the baseline"), ((0.66, 0.73), ""), (None, "")],
)
def test_a_verdict_that_the_interval_straddles_says_so(interval, other):
    verdict = decide(Standing("accuracy", 0.7, 0.8, 0.5, target_is_given=True, interval=interval), [], [])
    assert verdict.decision == "graduate"
    assert bool(verdict.straddles) == bool(other)
    assert other in verdict.straddles
    assert verdict.reason.endswith(verdict.straddles)


def test_the_interval_is_carried_through_to_the_share_of_the_target():
    accuracy = Standing("accuracy", 0.7, 0.8, 0.5, target_is_given=True, interval=(0.65, 0.74))
    assert accuracy.place_interval == pytest.approx((0.5, 0.8))
    rmse = Standing("rmse", 50.0, 0.0, 100.0, target_is_given=False, interval=(40.0, 60.0))
    assert rmse.place_interval == pytest.approx((0.4, 0.6))
    ratio = Standing("rmse", 50.0, 25.0, 100.0, target_is_given=True, interval=(40.0, 100.0), by="ratio")
    assert (ratio.place, ratio.place_interval) == (0.5, pytest.approx((0.25, 0.625)))


def test_the_bands_and_the_raw_ratio_can_be_chosen(world):
    assert judged(world, target_value=0.9, deploy_above=0.75).decision == "deploy_baseline"
    assert judged(world, target_value=0.9, fix_below=0.79).decision == "fix_data"
    census = Standing("accuracy", 0.87, 0.9, 0.76, target_is_given=True)
    assert decide(census, [], []).decision == "graduate"
    assert decide(replace(census, by="ratio"), [], []).decision == "deploy_baseline"


@pytest.mark.parametrize(
    ("baseline", "decision"),
    [
        (0.649, "fix_data"),
        (0.65, "graduate"),
        (0.74, "graduate"),
        (0.741, "deploy_baseline"),
    ],
)
def test_the_edges_of_the_middle_band_belong_to_it(baseline, decision):
    assert decision_at(baseline, target=0.8, naive=0.5) == decision


@pytest.mark.parametrize(("rmse", "decision"), [(80.0, "fix_data"), (50.0, "graduate"), (30.0, "deploy_baseline")])
def test_lower_is_better_works_the_same_way(rmse, decision):
    assert decision_at(rmse, target=20.0, naive=100.0, metric="rmse") == decision


def test_a_baseline_that_is_no_better_than_guessing_is_said_to_make_no_step():
    reason = decide(Standing("accuracy", 0.5, 1.0, 0.500001, target_is_given=False), [], []).reason
    assert "is no step on the way from guessing (0.5) to the best there is (1)" in reason


def test_a_baseline_worse_than_guessing_has_negative_skill():
    assert Standing("rmse", 120.0, 0.0, 100.0, target_is_given=False).skill == pytest.approx(-0.2)


def test_the_raw_ratio_is_beside_the_skill():
    census = Standing("accuracy", 0.87, 0.87 / 0.95, 0.76, target_is_given=True)
    assert census.raw_ratio == pytest.approx(0.95)
    assert census.skill < 0.8
    assert Standing("rmse", 50.0, 25.0, 100.0, target_is_given=True).raw_ratio == pytest.approx(0.5)
    assert Standing("rmse", 50.0, 0.0, 100.0, target_is_given=False).raw_ratio is None


def test_classification_is_measured_from_the_commonest_label(tmp_path):
    rows = {
        "train": [(float(n), "a" if n % 4 else "b") for n in range(800)],
        "validation": [],
        "test": [(1000.0 + n, "a" if n % 4 else "b") for n in range(40)],
    }
    data = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_CLASSIFICATION)
    worlds.baseline(tmp_path / "baseline", data, {"accuracy": 0.9, "log_loss": 0.2})
    assert judged(tmp_path).standing.naive == 0.75
    assert judged(tmp_path, target_metric="log_loss").standing.naive == pytest.approx(0.5623, abs=1e-4)


def test_regression_is_measured_from_the_mean_of_train(tmp_path):
    rows = {"train": [(0.0, "a"), (10.0, "b")], "validation": [], "test": [(2.0, "c"), (8.0, "d")]}
    data = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_REGRESSION)
    worlds.baseline(tmp_path / "baseline", data, {"rmse": 1.0, "mae": 1.0})
    verdict = judged(tmp_path)
    assert (verdict.standing.metric, verdict.standing.naive, verdict.standing.target) == ("rmse", 3.0, 0.0)
    assert verdict.standing.skill == pytest.approx(2 / 3)


def test_a_critical_finding_means_fix_the_data_whatever_the_skill(overlapping):
    verdict = judged(overlapping, target_value=0.75)
    assert verdict.decision == "fix_data"
    assert verdict.reason.startswith("Same item in two splits")
    assert "accept=split_overlap" in verdict.reason


def test_an_accepted_critical_finding_no_longer_stops_and_is_marked(overlapping):
    verdict = judged(overlapping, accept=" split_overlap ,missing_box")
    assert verdict.decision == "graduate"
    assert [finding.rule for finding in verdict.findings if finding.accepted] == ["split_overlap"]


def test_a_forced_decision_is_the_users_and_keeps_the_gates_own_in_the_reason(overlapping):
    verdict = judged(overlapping, decision="deploy_baseline")
    assert (verdict.decision, verdict.decided_by) == ("deploy_baseline", "user")
    assert "own verdict is fix_data" in verdict.reason


def test_the_verdict_folder_holds_every_case(overlapping):
    judged(overlapping)
    verdict = json.loads((overlapping / "verdict" / "verdict.json").read_text())
    lines = [json.loads(line) for line in (overlapping / "verdict" / "findings.jsonl").read_text().splitlines()]
    assert (verdict["decision"], verdict["decided_by"], verdict["metric"]) == ("fix_data", "auto", "ap50")
    assert verdict["findings"][0]["count"] == len(verdict["findings"][0]["items"]) == 1
    assert len(lines) == sum(finding["count"] for finding in verdict["findings"])
    assert [lines[0][name] for name in ("rule", "severity", "id")] == ["split_overlap", "critical", "copy.png"]


def test_a_verdict_that_is_interrupted_while_it_is_written_again_is_none(overlapping):
    judged(overlapping)
    (overlapping / "verdict" / "findings.jsonl").unlink()
    (overlapping / "verdict" / "findings.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        judged(overlapping)
    assert not (overlapping / "verdict" / "verdict.json").exists()


def test_the_same_inputs_give_the_same_verdict(overlapping):
    judged(overlapping)
    first = (overlapping / "verdict" / "verdict.json").read_bytes(), (overlapping / "page.html").read_bytes()
    judged(overlapping)
    assert ((overlapping / "verdict" / "verdict.json").read_bytes(), (overlapping / "page.html").read_bytes()) == first


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"accept": "split_overlaps"}, "did you mean 'split_overlap'"),
        ({"accept": "zzz"}, "the rules are undecodable_image"),
        ({"decision": "gradute"}, "did you mean 'graduate'"),
        ({"decision": "fix_data' or '1"}, "none of auto, fix_data, graduate, deploy_baseline"),
        ({"target_metric": "accuracy"}, "use one of ap, ap50, ap75"),
        ({"target_value": 80.0}, "the best ap50 is 1"),
        ({"target_value": float("nan")}, "cannot be reached"),
        ({"target_value": -0.1}, "give a higher one"),
        ({"fix_below": 0.9}, "are no bands: give shares"),
        ({"deploy_above": 80.0}, "are no bands: give shares"),
        ({"judge_by": "ratio"}, "needs a target_value"),
        ({"judge_by": "score"}, "use skill or ratio"),
    ],
)
def test_a_bad_parameter_is_one_sentence(world, parameters, sentence):
    with pytest.raises(InputError, match=sentence):
        judged(world, **parameters)
    assert not (world / "verdict").exists()


def test_a_target_that_guessing_reaches_is_no_target():
    with pytest.raises(InputError, match=r"accuracy is 0\.87 when the same is predicted for every item"):
        standing(Task.TABULAR_CLASSIFICATION, {"accuracy": 0.9}, {"accuracy": 0.87}, Target(value=0.87))


def test_a_test_split_that_guessing_gets_all_right_is_refused_without_a_target_too():
    with pytest.raises(InputError, match="rmse is 0, its best, when the last season or value is repeated"):
        standing(Task.TABULAR_FORECASTING, {"rmse": 0.0}, {"rmse": 0.0}, Target())


def test_a_baseline_of_other_data_is_refused(world):
    other = worlds.write_images(world / "data", worlds.scenes(world / "other", train=50), Task.OBJECT_DETECTION)
    with pytest.raises(InputError, match="trained on other data"):
        judged(world)
    assert other.counts["train"] == 50


def test_a_test_split_without_items_means_fix_the_data_and_the_findings_are_told_all_the_same(tmp_path):
    rows = {"train": [(float(n), "ab"[n % 2]) for n in range(4)], "validation": [], "test": []}
    data = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_CLASSIFICATION)
    worlds.baseline(tmp_path / "baseline", data, {})
    verdict = judged(tmp_path)
    assert (verdict.decision, verdict.standing) == ("fix_data", None)
    assert {"no_test_items", "too_few_per_label"} <= {finding.rule for finding in verdict.findings}
    assert judged(tmp_path, accept="no_test_items,too_few_per_label").decision == "fix_data"
    assert "no labelled item" in (tmp_path / "page.html").read_text()
