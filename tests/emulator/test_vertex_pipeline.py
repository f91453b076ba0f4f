"""The compiled graduation with its baseline trained by the service."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_data import PARENT
from vertex_world import table

from graduate.components.data.items import Task
from graduate.emulator.server import Emulator
from graduate.pipelines.cli import compile_pipeline


def run(folder: Path, decision: str) -> tuple[dict, Path]:
    """Runs it as a user does; the summary and the run's folder."""
    table(folder / "data", Task.TABULAR_CLASSIFICATION)
    (source,) = folder.rglob("*.csv")
    file = folder / "graduation.yaml"
    compile_pipeline("graduation", task=Task.TABULAR_CLASSIFICATION, output=file)
    settings = {"dataset": source, "label_column": "spends", "engine": "vertex", "decision": decision}
    settings |= {"vertex_project": "demo", "vertex_location": "europe-west4", "vertex_staging": "gs://bucket/staging"}
    command = [sys.executable, "-m", "graduate.pipelines.cli", "run", str(file), "--run-dir", str(folder / "run")]
    command += [f"--set={name}={value}" for name, value in {**settings, "train_steps": 20}.items()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((folder / "run" / "summary.json").read_text()), folder / "run"


@pytest.mark.parametrize("decision", ["graduate", "deploy_baseline"])
def test_the_pipeline_goes_on_with_what_the_service_trained(engine: Emulator, tmp_path: Path, decision: str) -> None:
    summary, run_dir = run(tmp_path, decision)

    (trained,) = engine.resources.all(PARENT, "models")
    baseline = json.loads((run_dir / "automl-baseline" / "model" / "model.json").read_text())
    assert baseline["parameters"]["vertex"]["model"] == trained.name
    outputs = json.loads((run_dir / "run.json").read_text())["steps"]["automl-baseline"]["outputs"]
    locations = {each["name"]: each["location"] for each in outputs}
    assert locations["vertex_model"].endswith(f".googleapis.com/v1/{trained.name}")
    assert set(summary["baseline"]["intervals"]) >= {"accuracy", "log_loss"}
    done = {name for name, step in summary["steps"].items() if step["state"] == "succeeded"}
    if decision == "graduate":
        assert summary["comparison"]["metric"] == "accuracy"
        assert {"fine-tune", "evaluate", "onnx-convert", "batch-predict"} <= done
    else:  # deployed by being in the registry
        assert done == {"import-dataset", "automl-baseline", "data-quality-gate", "report-status"}
