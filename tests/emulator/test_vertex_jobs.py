"""What becomes of the engine's jobs when answers are lost, the service is busy, or the process is stopped."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from vertex_world import PARENT, SETTINGS, table, until

from graduate.components.automl_baseline.vertex.train import train_on_vertex
from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Task
from graduate.components.errors import FinalError, InputError
from graduate.components.models.folder import ModelFolder
from graduate.emulator.faults import Fault
from graduate.emulator.server import Emulator

_PROGRAM = """
import sys
from pathlib import Path
from graduate.components.automl_baseline.vertex.settings import VertexSettings
from graduate.components.automl_baseline.vertex.train import train_on_vertex
from graduate.components.data.dataset import Dataset
from graduate.components.errors import final_errors_as_sentences

data, model, resources = sys.argv[1:]
settings = VertexSettings(
    project="demo", location="europe-west4", staging="gs://bucket/staging", labels="team=vision"
)
with final_errors_as_sentences():
    train_on_vertex(Dataset.open(data), Path(model), settings, Path(resources), poll_seconds=0.05)
"""


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return table(tmp_path / "data", Task.TABULAR_REGRESSION)


def train(data: Dataset, **changes: Any) -> ModelFolder:
    folder = data.path.parent.parent
    settings = replace(SETTINGS, **changes)
    return train_on_vertex(data, folder / "model", settings, folder / "resources.json", poll_seconds=0.01)


def pipelines(engine: Emulator) -> list[Any]:
    return engine.resources.all(PARENT, "trainingPipelines")


def start(data: Dataset) -> subprocess.Popen[str]:
    folder = data.path.parent.parent
    arguments = [str(data.path), str(folder / "model"), str(folder / "resources.json")]
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ)


def test_a_killed_run_goes_on_with_its_training(engine: Emulator, data: Dataset) -> None:
    resources = data.path.parent.parent / "resources.json"
    process = start(data)
    until(engine, resources.is_file)
    process.kill()
    process.communicate()
    engine.clock.step = 1

    model = train(data)

    (pipeline,) = pipelines(engine)
    assert model.parameters["vertex"]["training_pipeline"] == pipeline.name
    assert len(engine.asked("POST", "/trainingPipelines")) == len(engine.asked("POST", "/batchPredictionJobs")) == 1


def test_a_stopped_run_cancels_its_training_and_says_so(engine: Emulator, data: Dataset) -> None:
    process = start(data)
    until(engine, (data.path.parent.parent / "resources.json").is_file)
    process.terminate()
    printed, _ = process.communicate(timeout=60)

    (pipeline,) = pipelines(engine)
    assert pipeline.state == types.PipelineState.PIPELINE_STATE_CANCELLING
    assert process.returncode == 128 + signal.SIGTERM
    assert f"{pipeline.name} is being cancelled" in printed
    assert "Traceback" not in printed


def test_a_cancelled_training_is_not_gone_on_with(engine: Emulator, data: Dataset) -> None:
    train(data)
    (pipeline,) = pipelines(engine)
    pipeline.state = types.PipelineState.PIPELINE_STATE_CANCELLED

    train(data)

    assert len(pipelines(engine)) == 2


def test_without_the_record_a_run_is_found_by_its_label(engine: Emulator, data: Dataset) -> None:
    train(data)
    (data.path.parent.parent / "resources.json").unlink()

    train(data)

    assert len(pipelines(engine)) == 1


def test_a_training_whose_model_was_deleted_is_done_again(engine: Emulator, data: Dataset) -> None:
    first = train(data)
    engine.resources.remove(first.parameters["vertex"]["model"])

    assert train(data).parameters["vertex"]["model"] != first.parameters["vertex"]["model"]


def test_another_seed_or_budget_is_another_training(engine: Emulator, data: Dataset) -> None:
    train(data)
    train(data, budget_milli_node_hours=3000)
    train(data, labels="team=sound")

    budgets = [int(each.training_task_inputs["trainBudgetMilliNodeHours"]) for each in pipelines(engine)]
    assert sorted(budgets) == [1000, 3000]


@pytest.mark.parametrize("fault", [{"status": None}, {"status": 503}])
def test_a_training_whose_creation_was_not_answered_is_found_and_not_paid_twice(
    engine: Emulator, data: Dataset, fault: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    engine.faults.order(Fault("POST", "/trainingPipelines$", after=True, **fault))

    train(data)

    assert len(pipelines(engine)) == 1
    assert "no clear answer to the launch" in capsys.readouterr().out


def test_a_training_that_was_refused_for_a_moment_is_created(engine: Emulator, data: Dataset) -> None:
    engine.faults.order(Fault("POST", "/trainingPipelines$", status=429))

    train(data)

    assert len(pipelines(engine)) == 1
    assert len(engine.asked("POST", "/trainingPipelines")) == 2


def test_a_busy_service_is_waited_for(engine: Emulator, data: Dataset) -> None:
    for path in (r"/trainingPipelines/\d+$", r"/models/\d+$", r"/evaluations$", r"/batchPredictionJobs$"):
        for status in (429, 503):
            engine.faults.order(Fault("GET", path, status=status))

    assert train(data).metrics["rmse"] > 0
    refused = [request for request in engine.requests if request.status in (429, 503)]
    assert len(refused) == 8


def test_a_failed_training_ends_in_the_service_s_message_with_a_link(
    engine: Emulator, data: Dataset, tmp_path: Path
) -> None:
    engine.faults.fail_job("trainingPipelines", "The budget is too small for this data set.")

    with pytest.raises(FinalError) as caught:
        train(data)

    (pipeline,) = pipelines(engine)
    link = f"https://console.cloud.google.com/agent-platform/locations/europe-west4/training/{pipeline.name[-1]}"
    assert "failed: The budget is too small for this data set. See " + link in str(caught.value)
    recorded = json.loads((tmp_path / "resources.json").read_text())["resources"]
    assert recorded[0]["resourceUri"].endswith(pipeline.name)


def test_a_failed_prediction_is_the_service_s_message_too(engine: Emulator, data: Dataset) -> None:
    engine.faults.fail_job("batchPredictionJobs", "The machines are all taken.")

    with pytest.raises(FinalError, match="the batch prediction on Vertex AI has failed: The machines are all taken"):
        train(data)
    # The training is not lost.
    train(data)
    assert len(pipelines(engine)) == 1


def test_a_missing_right_and_a_quota_are_sentences(engine: Emulator, data: Dataset) -> None:
    engine.faults.order(Fault("POST", "/datasets$", status=403))
    with pytest.raises(InputError, match=r"roles/aiplatform\.user"):
        train(data)

    engine.faults.order(Fault("POST", "/trainingPipelines$", status=429, times=3))
    with pytest.raises(FinalError, match="Quota exceeded"):
        train(data)
    assert not pipelines(engine)
