"""What the emulator refuses, as the service does."""

import json
import urllib.error
import urllib.request

import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.aiplatform_v1 import PipelineServiceClient, types

from graduate.emulator.server import Emulator

PARENT = "projects/demo/locations/europe-west4"


@pytest.fixture
def client(emulator: Emulator) -> PipelineServiceClient:
    options = ClientOptions(api_endpoint=emulator.endpoint)
    return PipelineServiceClient(credentials=AnonymousCredentials(), transport="rest", client_options=options)


def pipeline_job() -> types.PipelineJob:
    return types.PipelineJob(pipeline_spec={"root": {}}, runtime_config={"gcs_output_directory": "gs://bucket/runs"})


def refusal(emulator: Emulator, collection: str, body: bytes) -> dict[str, object]:
    url = f"{emulator.endpoint}/v1/{PARENT}/{collection}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, data=body)
    return json.load(caught.value)["error"]


@pytest.mark.parametrize(
    ("collection", "body", "message"),
    [
        ("pipelineJobs", b'{"displayNam": "typo"}', "displayNam"),
        ("pipelineJobs", b"not json", "Failed to load JSON"),
        ("pipelineJobs", b"{}", "pipeline_job.pipeline_spec; Message: Required"),
        (
            "pipelineJobs",
            b'{"pipelineSpec": {"root": {}}}',
            "gcs_output_directory; Message: Invalid",
        ),
        (
            "schedules",
            b'{"displayName": "daily", "cron": "0 6 *"}',
            "schedule.cron; Message: Invalid cron",
        ),
        (
            "schedules",
            b'{"displayName": "daily", "cron": "0 6 * * *"}',
            "max_concurrent_run_count; Message: Must be",
        ),
    ],
)
def test_a_body_that_the_service_would_not_take_is_an_invalid_argument(
    emulator: Emulator, collection: str, body: bytes, message: str
) -> None:
    error = refusal(emulator, collection, body)

    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert message in str(error["message"])


def test_a_job_that_was_created_can_be_read(client: PipelineServiceClient) -> None:
    created = client.create_pipeline_job(parent=PARENT, pipeline_job=pipeline_job(), pipeline_job_id="first")

    assert created.state == types.PipelineState.PIPELINE_STATE_PENDING
    assert client.get_pipeline_job(name=f"{PARENT}/pipelineJobs/first") == created


def test_a_name_is_taken_once(client: PipelineServiceClient) -> None:
    client.create_pipeline_job(parent=PARENT, pipeline_job=pipeline_job(), pipeline_job_id="first")

    with pytest.raises(Conflict, match="already exists"):
        client.create_pipeline_job(parent=PARENT, pipeline_job=pipeline_job(), pipeline_job_id="first")


@pytest.mark.parametrize("path", ["pipelineJobs/first:pause", "endpoints", "models/1/operations"])
def test_what_the_emulator_lacks_is_said_and_not_worth_a_retry(emulator: Emulator, path: str) -> None:
    error = refusal(emulator, path, b"{}")

    assert (error["code"], error["status"]) == (501, "UNIMPLEMENTED")
    assert f"The emulator has no POST /v1/{PARENT}/{path}" in str(error["message"])


def test_an_unknown_job_is_not_found(client: PipelineServiceClient) -> None:
    with pytest.raises(NotFound, match="pipelineJobs/none"):
        client.get_pipeline_job(name=f"{PARENT}/pipelineJobs/none")
