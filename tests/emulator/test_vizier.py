"""Vizier on the emulator: tuning through it, and what it refuses."""

import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from small_data import PARENT
from test_refusals import accepted, changed, refused_field
from vertex_world import table

from graduate.components.data.items import Task
from graduate.components.errors import InputError
from graduate.components.fine_tune.tuning import tune as tuning
from graduate.components.models import leaderboard
from graduate.emulator.faults import Fault
from graduate.emulator.server import Emulator

SPACE = "learning_rate: {low: 1e-4, high: 1e-2, log: true}\nbatch_size: [8, 16]\nwarmup_steps: {low: 1, high: 9}\n"
STUDY = {
    "displayName": "rates",
    "studySpec": {
        "metrics": [{"metricId": "ap", "goal": "MAXIMIZE"}],
        "parameters": [
            {
                "parameterId": "rate",
                "scaleType": "UNIT_LOG_SCALE",
                "doubleValueSpec": {"minValue": 0.001, "maxValue": 1.0, "defaultValue": 0.1},
            },
        ],
    },
}
RATE = "studySpec/parameters"


@pytest.fixture(scope="module")
def visitors(tmp_path_factory) -> Path:
    return table(tmp_path_factory.mktemp("visitors") / "data", Task.TABULAR_CLASSIFICATION).path


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the next trials reach, which are no trainings; one that is not a number fails."""
    values: list[float] = []

    def train(*_: Any) -> float:
        value = values.pop(0)
        if value != value:
            raise InputError("the loss is not a number at step 3")
        if value < 0:
            raise SystemExit(143)
        return value

    monkeypatch.setattr(tuning, "train_trial", train)
    return values


def searched(data: Path, folder: Path, trials: int) -> list[leaderboard.Trial]:
    folder.mkdir(exist_ok=True)
    (folder / "space.yaml").write_text(SPACE)
    tuning.tune(
        data,
        folder / "tuned",
        folder / "page.html",
        trials=trials,
        search_space=str(folder / "space.yaml"),
        engine="vertex",
        vertex_project="demo",
        vertex_location="europe-west4",
    )
    return leaderboard.read(folder / "tuned" / "trials.json")


def test_vizier_suggests_first_where_a_training_would_start(engine: Emulator, visitors, tmp_path, losses):
    losses += [0.4, float("nan"), 0.3]
    board = searched(visitors, tmp_path, 3)
    assert [trial.name for trial in board] == [
        "trial 3",
        "trial 1",
        "trial 2, failed: the loss is not a number at step 3",
    ]
    assert board[1].hyperparameters["learning_rate"] == 1e-3
    assert all(type(trial.hyperparameters["warmup_steps"]) is int for trial in board)
    assert {trial.hyperparameters["batch_size"] for trial in board} <= {8, 16}
    infeasible = engine.asked("POST", "/trials/2:complete")[0].body
    assert infeasible == {"trialInfeasible": True, "infeasibleReason": "the loss is not a number at step 3"}


def test_a_restarted_task_goes_on_with_its_study(engine: Emulator, visitors, tmp_path, losses):
    losses += [0.4, -1.0]
    with pytest.raises(SystemExit):
        searched(visitors, tmp_path, 3)
    losses += [0.3, 0.2]
    board = searched(visitors, tmp_path, 3)
    assert [trial.validation["validation_loss"] for trial in board] == [0.2, 0.3, 0.4]
    assert len(engine.resources.all(PARENT, "studies")) == 1
    assert len(engine.asked("POST", ":suggest")) == 4
    assert len({str(trial.hyperparameters) for trial in board}) == 3


def test_busy_moments_and_lost_answers_do_no_harm(engine: Emulator, visitors, tmp_path, losses):
    losses += [0.4, 0.3]
    engine.faults.order(Fault("POST", "/studies$", status=None, after=True))
    engine.faults.order(Fault("POST", ":suggest$"))
    engine.faults.order(Fault("POST", ":complete$", status=HTTPStatus.SERVICE_UNAVAILABLE, after=True))
    board = searched(visitors, tmp_path, 2)
    assert [trial.validation["validation_loss"] for trial in board] == [0.3, 0.4]
    assert len(engine.asked("POST", "/trials/1:complete")) == 1


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("displayName", None, "study.display_name"),
        ("studySpec/metrics", [], "study.study_spec.metrics"),
        ("studySpec/metrics", [{"metricId": "a b"}], "study.study_spec.metrics.metric_id"),
        (RATE, [], "study.study_spec.parameters"),
        (RATE, [{"parameterId": "rate"}], "study.study_spec.parameters[rate]"),
        (
            RATE,
            [{"parameterId": "rate", "scaleType": "UNIT_LOG_SCALE", "doubleValueSpec": {"minValue": 0, "maxValue": 1}}],
            "study.study_spec.parameters[rate].min_value",
        ),
        (
            RATE,
            [{"parameterId": "size", "integerValueSpec": {"minValue": 1, "maxValue": 4, "defaultValue": 5}}],
            "study.study_spec.parameters[size].default_value",
        ),
        (
            RATE,
            [{"parameterId": "kind", "scaleType": 1, "categoricalValueSpec": {"values": ["a", "b"]}}],
            "study.study_spec.parameters[kind].scale_type",
        ),
    ],
)
def test_a_study_that_the_service_would_not_take_is_refused(emulator: Emulator, path, value, field):
    assert refused_field(emulator, "studies", changed(STUDY, path, value)) == field


def test_a_trial_is_completed_with_the_metrics_of_the_study(emulator: Emulator):
    assert accepted(emulator, "studies", STUDY)
    study = f"studies/{emulator.resources.all(PARENT, 'studies')[0].name.rpartition('/')[2]}"
    assert refused_field(emulator, f"{study}/trials:suggest", {"suggestionCount": 1}) == (
        "suggest_trials_request.client_id"
    )
    assert accepted(emulator, f"{study}/trials:suggest", {"suggestionCount": 1, "clientId": "me"})
    emulator.clock.advance(1)
    trial = f"{study}/trials/1"
    other = {"finalMeasurement": {"metrics": [{"metricId": "loss", "value": 1}]}}
    assert refused_field(emulator, f"{trial}:complete", other) == "complete_trial_request.final_measurement.metrics"
    good = {"finalMeasurement": {"metrics": [{"metricId": "ap", "value": 0.5}]}}
    assert accepted(emulator, f"{trial}:complete", good)
    assert "has ended (SUCCEEDED)" in _status(emulator, f"{trial}:complete")


def _status(emulator: Emulator, path: str) -> str:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{emulator.endpoint}/v1/{PARENT}/{path}", data=b"{}")
    return caught.value.read().decode()
