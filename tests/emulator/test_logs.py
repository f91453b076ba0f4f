"""Hyperparameters in Cloud Logging, read with the real client."""

import pytest
from google.api_core.exceptions import Forbidden
from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform, logging
from google.cloud.storage import Bucket
from small_data import tabular_dataset

from graduate.emulator.server import Emulator

STRUCTURE = 'jsonPayload."@type"="type.googleapis.com/google.cloud.automl.master.TablesModelStructure"'
TRIAL = STRUCTURE.replace("TablesModelStructure", "TuningTrial")


@pytest.fixture
def client(vertex: Emulator) -> logging.Client:
    options = {"api_endpoint": vertex.endpoint}
    return logging.Client(project="demo", credentials=AnonymousCredentials(), client_options=options, _use_grpc=False)


@pytest.fixture
def model(vertex: Emulator, bucket: Bucket) -> aiplatform.Model:
    job = aiplatform.AutoMLTabularTrainingJob("training", "classification", column_specs={"width": "numeric"})
    return job.run(tabular_dataset(bucket), "kind")


def test_trials_and_the_chosen_one_are_logged(client: logging.Client, model: aiplatform.Model) -> None:
    job = f'resource.type="cloudml_job" resource.labels.job_id="{model.name}" labels.log_type="automl_tables"'
    trials = [entry.payload for entry in client.list_entries(filter_=f"{job} {TRIAL}")]
    (chosen,) = client.list_entries(filter_=f"{job} AND {STRUCTURE}")

    best = max(trials, key=lambda trial: trial["trainingObjectivePoint"]["value"])
    assert len(trials) == 3
    assert chosen.payload["modelParameters"] == best["modelStructure"]["modelParameters"]
    assert chosen.log_name == "projects/demo/logs/automl.googleapis.com%2Fmodel"


def test_entries_of_others_are_not_found(client: logging.Client, model: aiplatform.Model) -> None:
    assert not list(client.list_entries(filter_='resource.labels.job_id="1"'))
    assert not list(client.list_entries(resource_names=["projects/other"]))


def test_the_log_can_be_forbidden_or_too_old(client: logging.Client, model: aiplatform.Model, vertex: Emulator) -> None:
    vertex.logs.forbidden = True
    with pytest.raises(Forbidden):
        list(client.list_entries())

    vertex.logs.forbidden = False
    vertex.logs.entries.clear()
    assert not list(client.list_entries())
