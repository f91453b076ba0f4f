"""The gate's page, the work list, and the last sentence of a run."""

import csv
import json
from dataclasses import replace
from html.parser import HTMLParser

import gate_worlds as worlds
import pytest
from gate_worlds import CAT, DOG

from graduate.components.data.items import Box, Fault, Reject, Task
from graduate.components.data_quality_gate.judge import judge
from graduate.components.errors import InputError
from graduate.components.report_status.say import say
from graduate.components.stop_with_evidence.write_worklist import COLUMNS, write_worklist


class Tags(HTMLParser):
    """Counts the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append(tag)


@pytest.fixture
def spoiled(tmp_path):
    """Data with a label that is a script, a box out of frame, a flipped label, and copies."""
    scenes = worlds.scenes(tmp_path / "images")
    truth = {split: list(items) for split, items in scenes.items()}
    scenes["train"][7] = replace(scenes["train"][7], boxes=[CAT, replace(DOG, label="cat")])
    odd = [CAT, DOG, Box("<script>alert(1)</script>", 0.8, 0.1, 1.4, 0.4)]
    scenes["train"][8] = replace(scenes["train"][8], boxes=odd, faults=[Fault("box_out_of_range", "out of frame", 2)])
    scenes["test"].append(replace(scenes["train"][0], id="=copy.png"))
    truth["test"].append(scenes["test"][-1])
    reject = Reject("import.jsonl:9", "", "undecodable_image", "=cmd|' /C calc'!A0")
    data = worlds.write_images(tmp_path / "data", scenes, Task.OBJECT_DETECTION, [reject])
    worlds.LABELS.insert(0, "<script>alert(1)</script>")
    try:
        worlds.detector(tmp_path / "baseline", data, knows=truth)
    finally:
        worlds.LABELS.pop(0)
    return tmp_path


def judged(world, **parameters) -> str:
    judge(*(str(world / name) for name in ("data", "baseline", "verdict", "page.html")), **parameters)
    return (world / "page.html").read_text()


def test_the_page_has_no_script_though_a_label_is_one(spoiled):
    html = judged(spoiled)
    assert "script" not in Tags(html).found
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_the_page_shows_pictures_and_every_finding(spoiled):
    html = judged(spoiled)
    verdict = json.loads((spoiled / "verdict" / "verdict.json").read_text())
    assert {"split_overlap", "box_out_of_range", "wrong_label", "undecodable_image"} <= {
        finding["rule"] for finding in verdict["findings"]
    }
    assert all(f'id="{finding["rule"]}"' in html for finding in verdict["findings"])
    assert html.count("data:image/jpeg;base64,") >= 4


def test_a_page_of_many_findings_stays_small(tmp_path):
    scenes = worlds.scenes(tmp_path / "images")
    scenes["train"] += [replace(each, id=f"copy-{number}.png") for number, each in enumerate(scenes["train"])]
    data = worlds.write_images(tmp_path / "data", scenes, Task.OBJECT_DETECTION)
    worlds.detector(tmp_path / "baseline", data)
    card = judged(tmp_path).split('id="duplicate"')[1].split("</section>")[0]
    assert card.count("data:image/jpeg;base64,") == 12
    assert all(f"copy-{number}.png" in card for number in range(100))


def test_a_forced_decision_is_said_in_red(spoiled):
    assert '<div class="banner bad"><strong>Graduate: decided by the user' in judged(spoiled, decision="graduate")


def test_the_page_of_a_table_shows_the_rows(tmp_path):
    rows = {
        "train": [*((float(n), "ab"[n % 2]) for n in range(300)), (4711.0, "a"), (4711.0, "a")],
        "validation": [],
        "test": [(1000.0 + n, "ab"[n % 2]) for n in range(20)],
    }
    data = worlds.write_table(tmp_path / "data", rows, Task.TABULAR_CLASSIFICATION)
    worlds.baseline(tmp_path / "baseline", data, {"accuracy": 0.9})
    html = judged(tmp_path)
    assert ">4711</td>" in html
    assert "table.csv:303" in html


def test_the_work_list_has_a_line_per_case_that_no_spreadsheet_runs(spoiled):
    judged(spoiled)
    counts = write_worklist(str(spoiled / "verdict"), str(spoiled / "worklist"), str(spoiled / "worklist.html"))
    with (spoiled / "worklist" / "worklist.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == sum(counts.values())
    overlap = next(row for row in rows if row["rule"] == "split_overlap")
    assert (overlap["severity"], overlap["item"]) == ("critical", "'=copy.png")
    undecodable = next(row for row in rows if row["rule"] == "undecodable_image")
    assert undecodable["found"].startswith("'=cmd")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def worklist(folder, findings, cases):
    """The rows of the work list for a verdict with these findings and cases."""
    (folder / "verdict.json").write_text(json.dumps({"reason": "It is so.", "findings": findings}))
    (folder / "findings.jsonl").write_text("".join(json.dumps(case) + "\n" for case in cases))
    write_worklist(str(folder), str(folder), str(folder / "page.html"))
    with (folder / "worklist.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def finding(rule, count, severity="warning"):
    text = {"message": f"{rule} was found.", "advice": "Mend it.", "items": []}
    return {"rule": rule, "severity": severity, "accepted": False, "count": count, **text}


def case(rule, name="", column=""):
    return {"rule": rule, "id": name, "source": name, "split": "", "box": -1, "column": column, "detail": "odd"}


def test_the_work_list_has_all_cases_though_the_verdict_does_not(tmp_path):
    cases = [case("duplicate", f"t.csv:{number}") for number in range(1500)]
    rows = worklist(tmp_path, [finding("duplicate", 1500)], cases)
    assert [row["item"] for row in rows] == [f"t.csv:{number}" for number in range(1500)]
    assert "The first 200 of 1,500." in (tmp_path / "page.html").read_text()


def test_the_work_list_names_columns_and_keeps_the_order_of_the_findings(tmp_path):
    findings = [finding("no_test_items", 0, "critical"), finding("leakage", 1, "critical"), finding("gap", 1)]
    rows = worklist(tmp_path, findings, [case("leakage", column="tax_code"), case("gap", "t.csv:3")])
    assert [(row["rule"], row["column"], row["found"]) for row in rows] == [
        ("no_test_items", "", "no_test_items was found."),
        ("leakage", "tax_code", "odd"),
        ("gap", "", "odd"),
    ]


def test_cases_of_another_verdict_are_refused_and_no_work_list_is_left(tmp_path):
    with pytest.raises(InputError, match="not of the verdict beside it"):
        worklist(tmp_path, [finding("gap", 1)], [case("duplicate", "t.csv:1")])
    assert not (tmp_path / "worklist.csv").exists()


def test_the_work_list_of_a_folder_without_a_verdict_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no readable verdict"):
        write_worklist(str(tmp_path), str(tmp_path / "worklist"), str(tmp_path / "page.html"))


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ({"state": "SUCCEEDED", "task": "steps"}, "The run succeeded."),
        ({"state": "FAILED", "task": "steps", "error": "no disk"}, "The run failed in steps: no disk"),
        ({"state": "CANCELLED", "pipeline": "projects/p/1"}, "The run projects/p/1 was cancelled."),
    ],
)
def test_the_end_of_a_run_is_one_plain_sentence(capsys, end, sentence):
    assert say(**end) == sentence
    assert capsys.readouterr().out == f"{sentence}\n"
