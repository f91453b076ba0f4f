"""`submit` with the real SDK against the emulator."""

from dataclasses import replace
from pathlib import Path

import pytest
from google.cloud.aiplatform_v1 import types
from small_pipeline import caches, compile_pipeline

from graduate.components.errors import InputError
from graduate.emulator.server import Emulator
from graduate.pipelines.cloud import Cloud, submit

PARENT = "projects/demo/locations/europe-west4"
DATASET = "dataset=gs://bucket/import.jsonl"
PARAMETERS = {"dataset": "gs://bucket/import.jsonl", "seed": 7, "weights": ""}


def jobs(emulator: Emulator) -> list[types.PipelineJob]:
    return emulator.resources.all(PARENT, "pipelineJobs")


def test_the_job_arrives_with_its_spec_and_settings(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    submit(spec, settings=(DATASET,), cloud=cloud)

    (job,) = jobs(emulator)
    assert job.name.startswith(f"{PARENT}/pipelineJobs/counting-")
    assert job.display_name == "counting"
    assert job.service_account == "pipelines@demo.iam.gserviceaccount.com"
    assert job.network == "projects/1/global/networks/inner"
    assert dict(job.labels) == {"team": "vision"}
    assert job.runtime_config.gcs_output_directory == "gs://bucket/runs"
    assert dict(job.runtime_config.parameter_values) == PARAMETERS


def test_nothing_is_cached_unless_it_is_asked_for(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    submit(spec, settings=(DATASET,), cloud=cloud)

    assert not caches(jobs(emulator)[0])


def test_caching_can_be_asked_for(emulator: Emulator, cloud: Cloud, spec: Path) -> None:
    submit(spec, settings=(DATASET,), caching=True, cloud=cloud)

    assert caches(jobs(emulator)[0])


def test_the_word_for_a_location_is_no_file_that_the_cloud_cannot_reach(
    emulator: Emulator, cloud: Cloud, spec: Path
) -> None:
    submit(spec, settings=(DATASET, "weights=imagenet"), cloud=cloud)

    assert dict(jobs(emulator)[0].runtime_config.parameter_values)["weights"] == "imagenet"


def test_where_to_look_is_printed(
    emulator: Emulator, cloud: Cloud, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(spec, settings=(DATASET,), cloud=cloud)

    (job,) = jobs(emulator)
    printed = capsys.readouterr().out
    assert f"Submitted {job.name}." in printed
    assert f"/locations/europe-west4/pipelines/runs/{job.name.rpartition('/')[2]}?project=demo" in printed


def test_an_unbuilt_image_is_refused_by_name(emulator: Emulator, cloud: Cloud, tmp_path: Path) -> None:
    spec = compile_pipeline("graduate/predict:unbuilt", tmp_path / "unbuilt.yaml")

    with pytest.raises(InputError, match="graduate/predict:unbuilt"):
        submit(spec, settings=(DATASET,), cloud=cloud)
    assert not jobs(emulator)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((DATASET, "sed=3"), "did you mean 'seed'"),
        ((DATASET, "seed=three"), "'seed' must be a whole number"),
        ((), "'dataset' is required"),
        ((f"dataset={__file__}",), "the cloud cannot reach"),
    ],
)
def test_parameters_are_checked_before_anything_is_sent(
    emulator: Emulator, cloud: Cloud, spec: Path, settings: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        submit(spec, settings=settings, cloud=cloud)
    assert not jobs(emulator)


@pytest.mark.parametrize("label", ["Team=vision", "team", "team=a b"])
def test_a_label_that_the_cloud_does_not_take_is_refused(cloud: Cloud, spec: Path, label: str) -> None:
    with pytest.raises(InputError, match="key=value"):
        submit(spec, settings=(DATASET,), cloud=replace(cloud, label=(label,)))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"pipeline_root": "/runs"}, "--pipeline-root is '/runs'"),
        ({"location": "europe-west44"}, "--location is 'europe-west44'"),
        ({"project": "demo/other"}, "--project is 'demo/other'"),
    ],
)
def test_a_place_that_is_not_in_the_cloud_is_refused(
    cloud: Cloud, spec: Path, setting: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        submit(spec, settings=(DATASET,), cloud=replace(cloud, **setting))


def test_a_server_that_is_not_there_is_said_in_a_sentence(cloud: Cloud, spec: Path) -> None:
    with pytest.raises(InputError, match="Vertex AI did not take it"):
        submit(spec, settings=(DATASET,), cloud=replace(cloud, api_endpoint="http://127.0.0.1:9"))
