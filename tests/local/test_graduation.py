"""Whole graduations on this machine: the compiled YAML takes each way that the gate can point."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from graduation_input import write_scenes, write_series, write_table, write_texts

from graduate.components.data.items import Task
from graduate.pipelines.cli import compile_pipeline

BRANCHES = {
    "fix_data": {"stop-with-evidence"},
    "graduate": {"fine-tune", "evaluate", "onnx-convert", "batch-predict"},
    "deploy_baseline": {"onnx-convert-2", "batch-predict-2"},
}
ALWAYS = {"import-dataset", "automl-baseline", "data-quality-gate", "report-status"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A runs folder that the runs of this file share, so that the same step is not computed twice."""
    return tmp_path_factory.mktemp("graduation")


def spec(folder: Path, task: Task) -> Path:
    file = folder / f"{task}.yaml"
    compile_pipeline("graduation", task=task, output=file)
    return file


def run(file: Path, name: str, **settings: object) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Runs a compiled pipeline as a user does."""
    run_dir = file.parent / "runs" / name
    command = [sys.executable, "-m", "graduate.pipelines.cli", "run", str(file), "--run-dir", str(run_dir)]
    command += [f"--set={key}={value}" for key, value in settings.items()]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False), run_dir


def summary_of(process: subprocess.CompletedProcess[str], run_dir: Path) -> dict:
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return json.loads((run_dir / "summary.json").read_text())


@pytest.mark.parametrize("decision", BRANCHES)
def test_a_table_takes_each_branch_of_the_gate(folder, decision):
    table = write_table(folder / "houses.csv")
    file = spec(folder, Task.TABULAR_CLASSIFICATION)
    process, run_dir = run(file, decision, dataset=table, label_column="class", decision=decision, train_steps=60)
    summary = summary_of(process, run_dir)
    assert summary["decision"] == decision
    states = {name: step["state"] for name, step in summary["steps"].items()}
    done = {name for name, state in states.items() if state in ("succeeded", "reused")}
    assert done == ALWAYS | BRANCHES[decision]
    assert {states[name] for name in states.keys() - done} == {"skipped"}
    assert summary["baseline"]["metrics"]["accuracy"] > 0.7
    if decision == "fix_data":
        assert (run_dir / "stop-with-evidence" / "worklist" / "worklist.csv").exists()
        assert summary["predictions"] is summary["parity"] is summary["custom"] is None
    else:
        assert summary["parity"]["proven"]
        assert summary["predictions"]["results"] == 400
        assert summary["predictions"]["errors"] == 0
    if decision == "graduate":
        assert summary["custom"]["metrics"]["accuracy"] > 0.7
    page = (run_dir / "report.html").read_text()
    assert "skipped" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


def test_the_evidence_decides_where_nobody_forces_it(folder):
    table = write_table(folder / "houses.csv")
    process, run_dir = run(
        spec(folder, Task.TABULAR_REGRESSION), "auto", dataset=table, label_column="price", target_metric="r2"
    )
    summary = summary_of(process, run_dir)
    verdict = json.loads((run_dir / "data-quality-gate" / "verdict" / "verdict.json").read_text())
    assert verdict["decided_by"] == "auto"
    skill = verdict["skill"]
    expected = "fix_data" if skill < 0.5 else "graduate" if skill <= 0.8 else "deploy_baseline"
    assert summary["decision"] == expected


@pytest.mark.parametrize(
    ("task", "write", "settings", "predicted"),
    [
        (Task.TEXT_CLASSIFICATION, write_texts, {"label_column": "kind", "target_value": 0.9}, 300),
        (
            Task.TABULAR_FORECASTING,
            write_series,
            {"label_column": "sold", "time_column": "day", "series_column": "shop", "horizon": 14, "target_value": 3.5},
            400,
        ),
    ],
)
def test_what_has_no_custom_model_ends_with_the_baseline(folder, task, write, settings, predicted):
    process, run_dir = run(spec(folder, task), str(task), dataset=write(folder / f"{task}.csv"), **settings)
    summary = summary_of(process, run_dir)
    assert {"onnx-convert", "batch-predict"} <= {
        name for name, step in summary["steps"].items() if step["state"] == "succeeded"
    }
    assert summary["parity"]["proven"]
    assert summary["predictions"]["results"] == predicted
    assert set(summary["baseline"]["intervals"]) == set(summary["baseline"]["metrics"])


def test_scenes_go_from_a_cut_file_to_predictions(folder):
    scenes = write_scenes(folder)
    file = spec(folder, Task.OBJECT_DETECTION)
    onnx = {"onnx_precision": "fp16", "onnx_budget": 1, "onnx_forms": "tflite,safetensors"}
    accepted = {"decision": "graduate", "accept": "too_few_per_label"}
    process, run_dir = run(file, "scenes", dataset=scenes, train_steps=3, **accepted, **onnx)
    summary = summary_of(process, run_dir)
    assert summary["findings"]["undecodable_image"] == {"severity": "warning", "count": 1, "accepted": False}
    assert set(summary["custom"]["metrics"]) == {"ap", "ap50", "ap75"}
    assert summary["parity"]["proven"]
    assert summary["parity"]["smaller"]["precision"] == "fp16"
    assert {each["form"]: each["accepted"] for each in summary["parity"]["forms"]} == {
        "tflite": True,
        "safetensors": True,
    }
    assert (run_dir / "onnx-convert" / "model" / "model.tflite").is_file()
    assert (summary["predictions"]["results"], summary["predictions"]["rejects"]) == (39, 1)
    assert "<rect" in (run_dir / "report.html").read_text()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"engine": "gpu"}, "'engine' has 'gpu', which is not one of local, vertex"),
        ({"dataset": "x'; touch hacked; echo '"}, "has the character"),
        ({"dataset": "nowhere.csv"}, "there is no file or folder"),
        ({"datset": "x"}, "no parameter 'datset'; did you mean 'dataset'"),
        ({"train_steps": "many"}, "'train_steps' must be a whole number"),
        ({"accept": "split_overlop"}, "did you mean 'split_overlap'"),
        ({"decision": "maybe"}, "'decision' has 'maybe'"),
        ({"seed": "-1"}, "must be between 0 and"),
        ({"onnx_opset": "9"}, "must be between 17 and 18"),
        ({"onnx_forms": "tflite,pickle"}, "pickle"),
        ({"target_metric": "ap50"}, "'target_metric' has 'ap50', which is not one of accuracy"),
    ],
)
def test_bad_parameters_are_refused_before_the_first_task(folder, settings, sentence):
    table = write_table(folder / "houses.csv")
    file = spec(folder, Task.TABULAR_CLASSIFICATION)
    process, run_dir = run(file, "refused", **{"dataset": table, "label_column": "class", **settings})
    assert process.returncode == 65
    assert sentence in process.stderr
    assert "Traceback" not in process.stderr
    assert not run_dir.exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"label_column": "clas"}, "'class'"),
        ({"label_column": "class", "engine": "vertex"}, "400 rows, and AutoML wants at least 1,000"),
        ({"label_column": "class", "target_value": 0.1}, "target_value"),
    ],
)
def test_what_only_a_step_can_know_fails_once_and_in_a_sentence(folder, settings, sentence):
    table = write_table(folder / "houses.csv")
    file = spec(folder, Task.TABULAR_CLASSIFICATION)
    process, run_dir = run(file, f"bad-{len(settings)}-{list(settings.values())[-1]}", dataset=table, **settings)
    assert process.returncode == 1
    record = json.loads((run_dir / "run.json").read_text())
    failed = [step for step in record["steps"].values() if step["state"] == "failed"]
    assert len(failed) == 1
    assert failed[0]["attempts"] == 1
    assert sentence in failed[0]["reason"]
    assert "Traceback" not in process.stdout
