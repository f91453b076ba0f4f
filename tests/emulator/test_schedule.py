"""`schedule` with the real SDK against the emulator."""

from pathlib import Path

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types
from small_pipeline import caches, compile_pipeline

from graduate.components.errors import InputError
from graduate.emulator.server import Emulator
from graduate.pipelines.cloud import Cloud, schedule

PARENT = "projects/demo/locations/europe-west4"
DATASET = "dataset=gs://bucket/import.jsonl"


def schedules(emulator: Emulator) -> list[types.Schedule]:
    return emulator.resources.all(PARENT, "schedules")


def test_the_schedule_arrives_with_the_job_that_it_starts(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    schedule(spec, cron="TZ=Europe/Berlin 0 6 * * MON", max_concurrent_runs=2, settings=(DATASET,), cloud=cloud)

    (created,) = schedules(emulator)
    job = created.create_pipeline_job_request.pipeline_job
    assert created.cron == "TZ=Europe/Berlin 0 6 * * MON"
    assert created.max_concurrent_run_count == 2
    assert created.create_pipeline_job_request.parent == PARENT
    assert job.service_account == "pipelines@demo.iam.gserviceaccount.com"
    assert job.network == "projects/1/global/networks/inner"
    assert dict(job.labels) == {"team": "vision"}
    assert dict(job.runtime_config.parameter_values) == {
        "dataset": "gs://bucket/import.jsonl",
        "seed": 7,
        "weights": "",
    }


def test_a_scheduled_run_does_all_of_its_tasks(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    schedule(spec, cron="0 6 * * *", settings=(DATASET,), cloud=cloud)

    assert not caches(schedules(emulator)[0].create_pipeline_job_request.pipeline_job)


def test_schedules_can_be_listed_and_read_back(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    for cron in ("0 6 * * *", "0 7 * * *"):
        schedule(spec, cron=cron, settings=(DATASET,), cloud=cloud)

    listed = aiplatform.PipelineJobSchedule.list()
    assert {found.cron for found in listed} == {"0 6 * * *", "0 7 * * *"}
    assert aiplatform.PipelineJobSchedule.get(listed[0].resource_name).cron == listed[0].cron


def test_an_unbuilt_image_is_refused_by_name(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    spec = compile_pipeline("graduate/onnx:unbuilt", tmp_path / "unbuilt.yaml")

    with pytest.raises(InputError, match="graduate/onnx:unbuilt"):
        schedule(spec, cron="0 6 * * *", settings=(DATASET,), cloud=cloud)
    assert not schedules(emulator)


def test_a_wrong_cron_is_refused_before_anything_is_sent(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    with pytest.raises(InputError, match="'61' is no minute, which takes 0 to 59"):
        schedule(spec, cron="61 6 * * *", settings=(DATASET,), cloud=cloud)
    assert not schedules(emulator)


def test_what_the_service_says_against_it_is_passed_on(cloud: Cloud, spec: Path) -> None:
    with pytest.raises(
        InputError, match=r"Vertex AI did not take it: 400 .*max_concurrent_run_count; Message: Must be positive"
    ):
        schedule(spec, cron="0 6 * * *", max_concurrent_runs=0, settings=(DATASET,), cloud=cloud)
