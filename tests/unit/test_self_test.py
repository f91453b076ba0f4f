"""The gate's self-test: what it plants, and how it counts what is found."""

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gate_worlds import CAT, DOG, item, picture, scenes, write_images

from graduate.components.data.dataset import Dataset
from graduate.components.data.images import ImageError, decode
from graduate.components.data.items import SPLITS, Box, Task
from graduate.components.data_quality_gate.findings import Case, Finding, NotJudged
from graduate.components.data_quality_gate.verdict import Verdict
from graduate.components.errors import InputError
from graduate.components.import_dataset.read import read_dataset
from graduate.components.reports.pictures import PredictedBox
from graduate.pipelines.cli import main
from graduate.pipelines.gate import Settings, gate
from graduate.pipelines.self_test.pictures import read_pictures
from graduate.pipelines.self_test.planting import Planted, Spoiled
from graduate.pipelines.self_test.rows import read_rows
from graduate.pipelines.self_test.run import spoil
from graduate.pipelines.self_test.score import scores

TABLE = "tabular_classification"


def verdict(*findings: Finding, not_judged: tuple[NotJudged, ...] = ()) -> Verdict:
    return Verdict("graduate", "", "auto", None, findings, not_judged)


def found(rule: str, *cases: Case) -> Finding:
    return Finding(rule, "warning", "", len(cases), 0, cases)


def row_case(line: int, column: str = "", source: str = "faults.parquet") -> Case:
    return Case(f"{source}:{line}", f"{source}:{line}", "train", "", column=column)


def people(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size, weight, age, height = rng.normal(size=(4, rows)).round(4) * 10 + 50
    return pd.DataFrame(
        {
            "size": size,
            "weight": weight,
            "age": age,
            "height": height,
            "born": pd.Timestamp("2020-02-03 04:05") + pd.to_timedelta(np.arange(rows), "D"),
            "is_new": rng.random(rows) < 0.5,
            "town": rng.choice(["007", "Rome, Italy", ""], rows),
            "kind": np.where(size + rng.normal(size=rows) > 50, "big", "small"),
        }
    )


def table(folder: Path, frame: pd.DataFrame, task: str = TABLE, label: str = "kind") -> Dataset:
    frame.to_csv(folder / "people.csv", index=False)
    read_dataset(str(folder / "people.csv"), task, folder / "dataset", label_column=label)
    return Dataset.open(folder / "dataset")


def spoiled_frame(spoiled: Spoiled) -> pd.DataFrame:
    return pd.read_parquet(spoiled.source)


def origin_of(spoiled: Spoiled, line: int, frame: pd.DataFrame) -> pd.Series:
    return frame.loc[int(spoiled.origins[line - 1].rpartition(":")[2]) - 2]


def test_a_table_that_is_read_back_and_imported_again_is_the_same(tmp_path: Path) -> None:
    before = table(tmp_path, people())
    written = read_rows(before, (), (), np.random.default_rng(0)).write(tmp_path / "again.parquet", [], {})
    read_dataset(written.source, TABLE, tmp_path / "again", label_column="kind")
    after = Dataset.open(tmp_path / "again")
    names = [column.name for column in before.columns]
    assert after.columns == before.columns
    for split in SPLITS:
        assert after.table(split, names).equals(before.table(split, names))


def test_every_fault_of_a_table_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    frame = people()
    spoiled = spoil(table(tmp_path, frame), verdict(), tmp_path / "self_test", seed=0)
    after = spoiled_frame(spoiled)
    assert not spoiled.not_planted
    counts = Counter(fault.rule for fault in spoiled.planted)
    assert counts["wrong_label"] == round(0.05 * (after["ml_use"].iloc[:400] == "train").sum())
    for fault in spoiled.planted:
        for line in fault.lines[:1]:
            was, now = origin_of(spoiled, line, frame), after.loc[line - 1]
            match fault.rule:
                case "wrong_label":
                    assert {was["kind"], now["kind"]} == {"big", "small"}
                case "label_missing":
                    assert now["kind"] == ""
                case "type_break":
                    assert now[fault.column] == "unknown"
                case "range_break":
                    assert float(now[fault.column]) == pytest.approx(1000 * was[fault.column])
                case "duplicate" | "split_overlap":
                    copy = after.loc[fault.lines[1] - 1]
                    assert copy["ml_use"] == ("train" if fault.rule == "duplicate" else "test")
                    assert copy.drop("ml_use").equals(now.drop("ml_use"))
                    assert spoiled.origins[fault.lines[1] - 1] == ""
                case "near_duplicate":
                    assert (after.loc[fault.lines[1] - 1] != now).sum() == 1
                case "contradiction":
                    copy = after.loc[fault.lines[1] - 1]
                    assert list(now.index[copy != now]) == ["kind"]
                case _:
                    raise AssertionError(f"{fault.rule} is planted and not looked at")
    columns = {fault.rule: fault.column for fault in spoiled.planted if not fault.lines}
    assert 0.05 < (after[columns["mixed_types"]] == "unknown").mean() < 0.15
    codes = after["kind"].map({"big": 0.0, "small": 1.0})
    assert codes.corr(pd.to_numeric(after[columns["leakage"]])) > 0.95
    assert after[columns["constant_column"]].nunique() == 1
    assert after.loc[:399, columns["id_column"]].is_unique
    assert (after[columns["missing_values"]] == "").mean() > 0.8
    drifted = pd.to_numeric(after[columns["drift"]]).groupby(after["ml_use"]).mean()
    assert drifted["test"] > drifted["train"] + 5


def test_an_item_carries_one_fault_and_those_with_a_fault_of_their_own_come_last(tmp_path: Path) -> None:
    data = table(tmp_path, people())
    flagged = [Case(each, each, "train", "") for each in data.table("train")["__id__"].to_pylist()[:100]]
    spoiled = spoil(data, verdict(found("outlier", *flagged)), tmp_path / "self_test", seed=0)
    victims = [fault.lines[0] for fault in spoiled.planted if fault.lines]
    assert len(victims) == len(set(victims)) > 30
    assert not {spoiled.origins[line - 1] for line in victims} & {case.id for case in flagged}


def test_the_same_seed_plants_the_same_and_another_seed_does_not(tmp_path: Path) -> None:
    data = table(tmp_path, people())
    one, same, other = (spoil(data, verdict(), tmp_path / f"{n}", seed) for n, seed in enumerate((3, 3, 4)))
    assert one.planted == same.planted != other.planted
    assert Path(one.source).read_bytes() == Path(same.source).read_bytes()


def test_what_a_small_data_set_cannot_carry_is_not_planted_and_says_why(tmp_path: Path) -> None:
    spoiled = spoil(table(tmp_path, people(40)[["size", "kind"]]), verdict(), tmp_path / "self_test", seed=0)
    assert spoiled.not_planted["schema_break"] == "No column can be spared."
    assert spoiled.not_planted["drift"].startswith("It takes 30 test rows; there are ")
    assert spoiled.not_planted["split_overlap"].startswith("It takes 3 training items that suit it")
    assert {fault.rule for fault in spoiled.planted}.isdisjoint(spoiled.not_planted)


def test_values_slip_by_a_power_of_ten_in_a_regression(tmp_path: Path) -> None:
    frame = people()
    data = table(tmp_path, frame, "tabular_regression", "size")
    spoiled = spoil(data, verdict(), tmp_path / "self_test", seed=0)
    after = pd.to_numeric(spoiled_frame(spoiled)["size"])
    slips = [fault.lines[0] for fault in spoiled.planted if fault.rule == "wrong_value"]
    factors = [after[line - 1] / origin_of(spoiled, line, frame)["size"] for line in slips]
    assert len(slips) >= 3
    assert set(np.round(factors, 6)) <= {10.0, 0.1}


def test_texts_are_emptied_and_read_in_the_wrong_encoding(tmp_path: Path) -> None:
    lines = [f"the weather of day {n} was better than ever,{'good' if n % 2 else 'bad'}" for n in range(300)]
    (tmp_path / "texts.csv").write_text("\n".join(["text,label", *lines]))
    read_dataset(str(tmp_path / "texts.csv"), "text_classification", tmp_path / "dataset")
    spoiled = spoil(Dataset.open(tmp_path / "dataset"), verdict(), tmp_path / "self_test", seed=0)
    texts = spoiled_frame(spoiled)["text"]
    rules = {fault.lines[0] - 1: fault.rule for fault in spoiled.planted}
    assert {texts[place] for place, rule in rules.items() if rule == "empty_text"} == {""}
    assert all("thÃ© wÃ©athÃ©r" in texts[place] for place, rule in rules.items() if rule == "bad_encoding")
    assert set(rules.values()) >= {"wrong_label", "label_missing", "duplicate", "contradiction", "split_overlap"}


def test_images_that_are_read_back_and_imported_again_are_the_same(tmp_path: Path) -> None:
    before = write_images(tmp_path / "dataset", scenes(tmp_path / "images", train=10), Task.OBJECT_DETECTION)
    written = read_pictures(before, (), tmp_path / "again", np.random.default_rng(0)).write([], {})
    read_dataset(written.source, "object_detection", tmp_path / "after")
    assert Dataset.open(tmp_path / "after").digests == before.digests


def test_every_fault_of_a_detection_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    data = write_images(tmp_path / "dataset", scenes(tmp_path / "images", train=120), Task.OBJECT_DETECTION)
    spoiled = spoil(data, verdict(), tmp_path / "self_test", seed=0)
    lines = [json.loads(line) for line in Path(spoiled.source).read_text().splitlines()]
    originals = {each.id: each for split in SPLITS for each in data.items(split)}
    assert not spoiled.not_planted
    assert Counter(fault.rule for fault in spoiled.planted)["missing_box"] == 24
    for fault in spoiled.planted:
        was, now = originals[spoiled.origins[fault.lines[0] - 1]], lines[fault.lines[0] - 1]
        boxes = [
            Box(each["displayName"], each["xMin"], each["yMin"], each["xMax"], each["yMax"])
            for each in now["boundingBoxAnnotations"]
        ]
        changed = [place for place, box in enumerate(boxes) if box not in (CAT, DOG)]
        match fault.rule:
            case "missing_box":
                assert {fault.place, *boxes} == {CAT, DOG}
            case "wrong_label" | "box_degenerate" | "box_out_of_range":
                assert changed == [fault.box]
            case "misplaced_box":
                assert changed == [fault.box]
                assert boxes[fault.box] == boxes[fault.box].clipped()
            case "duplicate_box":
                assert len(set(boxes)) == 2 < len(boxes)
            case "undecodable_image":
                with pytest.raises(ImageError):
                    decode(Path(now["imageGcsUri"]).read_bytes())
            case "duplicate" | "split_overlap" | "near_duplicate":
                copy = lines[fault.lines[1] - 1]
                use = copy["dataItemResourceLabels"]["aiplatform.googleapis.com/ml_use"]
                assert use == ("test" if fault.rule == "split_overlap" else "train")
                assert now["imageGcsUri"] == was.uri != copy["imageGcsUri"]
            case _:
                before, after = (decode(Path(each).read_bytes()) for each in (was.uri, now["imageGcsUri"]))
                assert after.shape == before.shape
                assert (after != before).any()


def test_only_spoiled_images_are_copied(tmp_path: Path) -> None:
    labelled = {
        split: [item(tmp_path, f"{split}-{n}.jpg", picture(n), labels=["cat" if n % 2 else "dog"]) for n in range(60)]
        for split in SPLITS
    }
    data = write_images(tmp_path / "dataset", labelled, Task.IMAGE_CLASSIFICATION)
    spoiled = spoil(data, verdict(), tmp_path / "self_test", seed=0)
    files = {"undecodable_image", "dark_image", "blurry_image", "low_information_image", "duplicate"}
    files |= {"near_duplicate", "split_overlap"}
    planted = sum(fault.rule in files for fault in spoiled.planted)
    assert len(list((tmp_path / "self_test" / "images").iterdir())) == planted == 21


FAULTS = [
    Planted("wrong_label", (1,)),
    Planted("wrong_label", (2,)),
    Planted("duplicate", (3, 6)),
    Planted("range_break", (4,), "size"),
    Planted("leakage", column="tax"),
]
SPOILED = Spoiled("faults.parquet", FAULTS, {}, ["a:1", "a:2", "a:3", "a:4", "a:5", ""])


def test_recall_counts_planted_faults_and_precision_counts_new_cases() -> None:
    as_is = verdict(found("wrong_label", row_case(5, source="a")))
    after = verdict(
        found("wrong_label", row_case(1), row_case(4), row_case(5)),
        found("duplicate", row_case(6)),
        found("range_break", row_case(4, "size"), row_case(5, "size"), row_case(4, "weight")),
        found("leakage", Case("", "", "train", "", column="tax")),
        not_judged=(NotJudged("drift", "There is no test split."),),
    )
    by_rule = {score.rule: score for score in scores(SPOILED, after, as_is)}
    labels = by_rule["wrong_label"]
    assert (labels.planted, labels.found, labels.reported, labels.right, labels.as_before) == (2, 1, 2, 1, 1)
    assert (labels.recall, labels.precision, labels.missed) == (0.5, 0.5, [FAULTS[1]])
    assert by_rule["duplicate"].recall == by_rule["duplicate"].precision == 1
    assert (by_rule["range_break"].recall, by_rule["range_break"].reported, by_rule["range_break"].right) == (1, 3, 1)
    assert by_rule["leakage"].precision == 1
    assert list(by_rule) == ["range_break", "duplicate", "leakage", "wrong_label"]


def test_what_is_not_found_has_no_precision_and_says_why_it_was_not_judged() -> None:
    after = verdict(not_judged=(NotJudged("wrong_label", "There are no probabilities."),))
    labels = next(score for score in scores(SPOILED, after, verdict()) if score.rule == "wrong_label")
    assert (labels.recall, labels.precision, labels.not_judged) == (0.0, None, "There are no probabilities.")


def test_a_missing_box_is_found_by_a_box_at_its_place() -> None:
    spoiled = Spoiled("faults.jsonl", [Planted("missing_box", (1,), place=CAT)], {}, ["x.jpg"])
    case = Case("x.jpg", "faults.jsonl:1", "train", "")
    there = replace(case, proposal=PredictedBox("cat", 0.9, 0.12, 0.1, 0.42, 0.4))
    elsewhere = replace(case, proposal=PredictedBox("cat", 0.9, 0.5, 0.5, 0.9, 0.9))
    (score,) = scores(spoiled, verdict(found("missing_box", there, elsewhere)), verdict())
    assert (score.found, score.reported, score.right) == (1, 2, 1)


def test_the_command_judges_a_table_and_tests_itself_on_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people(240)[["size", "weight", "town", "kind"]].to_csv(tmp_path / "people.csv", index=False)
    settings = Settings(task=Task.TABULAR_CLASSIFICATION, label_column="kind")
    gate(str(tmp_path / "people.csv"), output=tmp_path / "out", self_test=True, settings=settings)
    result = json.loads((tmp_path / "out" / "self_test.json").read_text())
    recall = {each["rule"]: each["recall"] for each in result["faults"]}
    assert {rule: recall[rule] for rule in ("label_missing", "split_overlap", "duplicate")} == {
        "label_missing": 1,
        "split_overlap": 1,
        "duplicate": 1,
    }
    said = capsys.readouterr().out
    assert f"Page: {tmp_path / 'out' / 'page.html'}" in said
    assert "\nlabel_missing " in said
    page = (tmp_path / "out" / "self_test.html").read_text()
    assert "<code>split_overlap</code>" in page
    assert (tmp_path / "out" / "page.html").is_file()


def test_a_time_series_is_given_times_twice_and_words_for_numbers(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=300).astype(str)
    visits = np.random.default_rng(0).normal(size=(3, 300)).round(3)
    frame = pd.DataFrame({"day": days, "visits": visits[0], "heat": visits[1], "rain": visits[2]})
    frame.to_csv(tmp_path / "visits.csv", index=False)
    how = {"label_column": "visits", "time_column": "day", "horizon": 7}
    read_dataset(str(tmp_path / "visits.csv"), "tabular_forecasting", tmp_path / "dataset", **how)
    spoiled = spoil(Dataset.open(tmp_path / "dataset"), verdict(), tmp_path / "self_test", seed=0)
    read_dataset(spoiled.source, "tabular_forecasting", tmp_path / "after", **how)
    after = Dataset.open(tmp_path / "after")
    copies = [fault.lines[1] for fault in spoiled.planted if fault.rule == "duplicate_time"]
    assert {each.source for each in after.rejects()} == {f"faults.parquet:{line}" for line in copies}
    assert after.summary["faults"]["type_break"] == len(copies) == 3
    cells = spoiled_frame(spoiled).iloc[:300]
    leak, label = pd.to_numeric(cells["planted_time_leakage"]), pd.to_numeric(cells["visits"])
    assert leak.corr(label.shift(-1)) > 0.95


def test_data_that_are_not_there_are_one_sentence_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--task", "tabular_classification", "--label-column", "kind", "--output", str(tmp_path), "--self-test"]
    monkeypatch.setattr(sys, "argv", ["graduate", "gate", "no/such.csv", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 65
    assert capsys.readouterr().err.startswith("error: there is no file or folder 'no/such.csv'")


def test_a_misspelt_rule_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    settings = Settings(task=Task.TABULAR_CLASSIFICATION, accept="leakige")
    with pytest.raises(InputError, match="did you mean 'leakage'"):
        gate("no/such.csv", output=tmp_path, settings=settings)


def test_a_bad_seed_reference_or_output_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    task, output = Task.TABULAR_CLASSIFICATION, tmp_path / "out"
    for settings, folder, sentence in (
        (Settings(task=task, seed=-1), output, "give a number from 0"),
        (Settings(task=task, reference=str(tmp_path / "file")), output, "no profile of a table"),
        (Settings(task=task), tmp_path / "file" / "out", "give another output folder"),
    ):
        with pytest.raises(InputError, match=sentence):
            gate("no/such.csv", output=folder, settings=settings)
    assert not output.exists()


def test_a_run_that_fails_leaves_no_earlier_verdict(tmp_path: Path) -> None:
    verdict_file = tmp_path / "verdict" / "verdict.json"
    verdict_file.parent.mkdir()
    for each in (verdict_file, tmp_path / "page.html"):
        each.touch()
    with pytest.raises(InputError, match="no file or folder"):
        gate("no/such.csv", output=tmp_path, settings=Settings(task=Task.TABULAR_CLASSIFICATION))
    assert not verdict_file.exists()
    assert not (tmp_path / "page.html").exists()
