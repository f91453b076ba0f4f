"""Whole runs of batch prediction with the engine `vertex`: killed, stopped, and from beginning to end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from batch_world import PARENT, SETTINGS, image_requests
from google.cloud.aiplatform_v1 import types
from kfp import dsl
from tiny_models import an_image, detector
from vertex_world import until

from graduate.components.batch_predict.component import batch_predict_on_vertex
from graduate.components.batch_predict.predict import predict
from graduate.emulator.server import Emulator

_PROGRAM = """
import json, sys
from graduate.components.batch_predict.predict import predict
from graduate.components.errors import final_errors_as_sentences

with final_errors_as_sentences():
    predict(**json.loads(sys.argv[1]))
"""


@pytest.fixture
def options(tmp_path: Path) -> dict[str, str]:
    """Of a run with eleven records, six of them bad."""
    detector(tmp_path / "model")
    images = [an_image(tmp_path / "images" / f"{seed}.png", 20 + seed, 16, seed) for seed in range(4)]
    return {
        "model": str(tmp_path / "model"),
        "input": str(image_requests(tmp_path / "requests.jsonl", images)),
        "output": str(tmp_path / "there"),
        "engine": "vertex",
        "vertex_project": SETTINGS.project,
        "vertex_location": SETTINGS.location,
        "vertex_staging": SETTINGS.staging,
        "vertex_gcp_resources": str(tmp_path / "resources.json"),
    }


def start(options: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROGRAM, json.dumps(options)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)


def run_door(options: dict[str, str], folder: Path) -> dict[str, float]:
    """What the step of a pipeline does; gives its metrics."""
    metrics = dsl.Metrics(uri=str(folder / "metrics"))
    batch_predict_on_vertex.python_func(  # pyright: ignore[reportFunctionMemberAccess]
        model=dsl.Model(uri=options["model"]),
        input=options["input"],
        predictions=dsl.Artifact(uri=options["output"]),
        page=dsl.HTML(uri=str(folder / "page.html")),
        metrics=metrics,
        gcp_resources=options["vertex_gcp_resources"],
        vertex_project=options["vertex_project"],
        vertex_location=options["vertex_location"],
        vertex_staging=options["vertex_staging"],
    )
    return metrics.metadata


def test_a_killed_step_goes_on_with_its_job_and_ends_like_a_run_on_this_machine(
    engine: Emulator, options: dict[str, str], tmp_path: Path
) -> None:
    process = start(options)
    until(engine, (tmp_path / "resources.json").is_file)
    process.kill()
    process.communicate()
    engine.clock.step = 1

    metrics = run_door(options, tmp_path)

    assert len(engine.resources.all(PARENT, "batchPredictionJobs")) == 1
    assert (metrics["inputs"], metrics["results"], metrics["errors"]) == (11, 5, 6)
    predict(model=options["model"], input=options["input"], output=str(tmp_path / "here"), workers=1)
    for file in sorted((tmp_path / "here").glob("prediction.*")):
        assert (tmp_path / "there" / file.name).read_bytes() == file.read_bytes()


def test_a_stopped_run_cancels_its_job_and_says_so(engine: Emulator, options: dict[str, str], tmp_path: Path) -> None:
    process = start(options)
    until(engine, (tmp_path / "resources.json").is_file)
    process.terminate()
    printed, _ = process.communicate(timeout=60)

    (job,) = engine.resources.all(PARENT, "batchPredictionJobs")
    assert job.state == types.JobState.JOB_STATE_CANCELLING
    assert process.returncode == 128 + signal.SIGTERM
    assert f"{job.name} is being cancelled" in printed
    assert "Traceback" not in printed
