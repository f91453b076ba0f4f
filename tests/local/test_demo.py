"""The demonstration as a whole, and real playing cards: what the README promises. Minutes, so `make test-slow` only."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from graduate.components.data.items import Task
from graduate.pipelines.cli import compile_pipeline

pytestmark = pytest.mark.slow

DEMO = [sys.executable, "-m", "graduate.pipelines.demo"]


def summary_of(run_dir: Path) -> dict:
    return json.loads((run_dir / "summary.json").read_text())


def test_the_demo_killed_in_training_goes_on_and_graduates(tmp_path):
    log = tmp_path / "log"
    with log.open("w") as out:
        first = subprocess.Popen(DEMO, cwd=tmp_path, stdout=out, stderr=out)
        while "Fine-tune the custom model │ train: " not in log.read_text():
            assert first.poll() is None, log.read_text()
            time.sleep(0.5)
        tasks = psutil.Process(first.pid).children(recursive=True)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    _, alive = psutil.wait_procs(tasks, timeout=20)
    assert tasks
    assert not alive

    again = subprocess.run(DEMO, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "↺ Train the AutoML baseline not repeated" in again.stdout
    runs = tmp_path / "runs" / "demo" / "object_detection"
    assert summary_of(runs / "1-stopped")["decision"] == "fix_data"
    summary = summary_of(runs / "2-accepted")
    assert summary["decision"] == "graduate"
    assert summary["custom"]["metrics"]["ap50"] >= 0.75
    assert summary["custom"]["metrics"]["ap50"] > summary["baseline"]["metrics"]["ap50"]
    assert summary["parity"]["proven"]
    found = {
        rule: (int(planted), int(got))
        for rule, planted, got in re.findall(r"Planted (\w+): (\d+), found by the gate: (\d+)", again.stdout)
    }
    planted, got = found.pop("wrong_label")
    assert got >= 0.8 * planted
    missing, got = found.pop("missing_box")
    assert got >= 0.5 * missing
    assert all(planted == got for planted, got in found.values()), found


def test_the_demo_of_a_table_ships_the_baseline(tmp_path):
    run = subprocess.run([*DEMO, "tabular"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = summary_of(tmp_path / "runs" / "demo" / "tabular_classification" / "2-accepted")
    assert summary["decision"] == "deploy_baseline"
    assert summary["predictions"]["results"] == 575


def test_playing_cards_graduate_from_imagenet_weights(tmp_path, shared_datasets):
    weights = shared_datasets.parent / "weights" / "mobilenet_v2_1.0_224_imagenet_dequantised.weights.h5"
    if not weights.is_file():
        pytest.skip(f"needs the pretrained weights {weights}")
    spec = tmp_path / "graduation.yaml"
    compile_pipeline("graduation", task=Task.OBJECT_DETECTION, output=spec)
    settings = [f"--set=dataset={shared_datasets / 'cards' / 'images'}", f"--set=fine_tune_checkpoint={weights}"]
    settings += ["--set=decision=graduate", "--set=train_steps=40"]
    command = [sys.executable, "-m", "graduate.pipelines.cli", "run", str(spec), "--run-dir", str(tmp_path / "run")]
    run = subprocess.run([*command, *settings], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = summary_of(tmp_path / "run")
    assert summary["parity"]["proven"]
    assert summary["predictions"]["results"] == 363
    assert summary["baseline"]["metrics"]["ap50"] > 0.1
