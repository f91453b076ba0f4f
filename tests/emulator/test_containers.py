"""Models with a container of this library, and their batch predictions, with the real SDK."""

import ast
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from batch_world import PARENT  # it finds the tiny models
from google.api_core.exceptions import BadRequest, GoogleAPICallError
from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types
from google.cloud.aiplatform_v1beta1.types import BatchPredictionJob as MonitoredJob
from google.cloud.aiplatform_v1beta1.types import ModelMonitoringConfig
from google.cloud.storage import Bucket
from tiny_models import an_image, detector

from graduate.emulator.faults import Fault
from graduate.emulator.server import Emulator

_COMMAND = ["python", "-m", "graduate.components.online"]


def container(**changes: Any) -> types.ModelContainerSpec:
    given = {"image_uri": "host/team/predict:1", "command": _COMMAND, "predict_route": "/p", "health_route": "/h"}
    return types.ModelContainerSpec({**given, **changes})


def batch(spec: types.ModelContainerSpec | None, **fields: Any) -> types.BatchPredictionJob:
    job = types.BatchPredictionJob(
        display_name="batch",
        input_config={"instances_format": "jsonl", "gcs_source": {"uris": ["gs://bucket/asked-*.jsonl"]}},
        output_config={"predictions_format": "jsonl", "gcs_destination": {"output_uri_prefix": "gs://bucket/out"}},
        dedicated_resources={"machine_spec": {"machine_type": "n1-standard-4"}, "max_replica_count": 1},
        **fields,
    )
    if spec:
        job.unmanaged_container_model = types.UnmanagedContainerModel(
            artifact_uri="gs://bucket/model", container_spec=spec
        )
    return job


def create(job: Any, version: str = "v1") -> aiplatform.BatchPredictionJob:
    client = aiplatform.initializer.global_config.create_client(client_class=aiplatform.utils.JobClientWithOverride)
    created = client.select_version(version).create_batch_prediction_job(parent=PARENT, batch_prediction_job=job)
    return aiplatform.BatchPredictionJob(created.name)


def put_model(bucket: Bucket, folder: Path) -> None:
    detector(folder)
    for file in ("model.json", "model.onnx"):
        bucket.blob(f"model/{file}").upload_from_filename(str(folder / file))


def put_instances(bucket: Bucket, image: Path, count: int) -> None:
    encoded = base64.b64encode(image.read_bytes()).decode()
    lines = [json.dumps({"name": f"n{at}", "b64": encoded}) for at in range(count)]
    bucket.blob("asked-0.jsonl").upload_from_string("\n".join(lines[:2]))
    bucket.blob("asked-1.jsonl").upload_from_string("\n".join(lines[2:]))


def read(bucket: Bucket, name: str) -> list[str]:
    (blob,) = bucket.list_blobs(match_glob=f"out/*/{name}")
    return blob.download_as_text().splitlines()


def test_results_have_the_key_alone_and_of_a_failed_request_the_count_alone(
    vertex: Emulator, bucket: Bucket, tmp_path: Path
) -> None:
    put_model(bucket, tmp_path / "model")
    put_instances(bucket, an_image(tmp_path / "image.png"), 5)
    vertex.faults.order(Fault("POST", "^/p$", status=503))

    job = create(
        batch(
            container(),
            instance_config={"instance_type": "object", "key_field": "name"},
            manual_batch_tuning_parameters={"batch_size": 2},
        )
    )
    job.wait_for_completion()

    results = [*read(bucket, "prediction.results-00000-of-00002"), *read(bucket, "prediction.results-00001-of-00002")]
    found = {line["key"]: line for line in map(json.loads, results)}
    assert found.keys() == {"n2", "n3", "n4"}
    assert found["n2"].keys() == {"key", "prediction"}
    assert found["n2"]["prediction"]["displayNames"] == ["cat", "dog"]
    (said,) = read(bucket, "prediction.errors_stats-00000-of-00001")
    message, count = ast.literal_eval(said)
    assert message.startswith("Post request fails. Cannot get predictions. Error: Exceeded retries: Non-OK result 503")
    assert count == 2
    assert (job.completion_stats.successful_count, job.completion_stats.failed_count) == (3, 2)


def test_an_uploaded_model_is_predicted_with_and_the_results_repeat_the_instances(
    vertex: Emulator, bucket: Bucket, tmp_path: Path
) -> None:
    put_model(bucket, tmp_path / "model")
    put_instances(bucket, an_image(tmp_path / "image.png"), 3)
    model = aiplatform.Model.upload(
        display_name="tiny",
        artifact_uri="gs://bucket/model",
        serving_container_image_uri="host/team/predict@sha256:" + 64 * "a",
        serving_container_command=_COMMAND,
        serving_container_predict_route="/p",
        serving_container_health_route="/h",
    )

    model.batch_predict(
        "batch",
        gcs_source=["gs://bucket/asked-0.jsonl", "gs://bucket/asked-1.jsonl"],
        gcs_destination_prefix="gs://bucket/out",
        machine_type="n1-standard-4",
        model_parameters={"maxPredictions": 1},
    )

    assert "jsonl" in model.supported_input_storage_formats
    (first, *_) = map(json.loads, read(bucket, "prediction.results-00000-of-00002"))
    assert first["instance"].keys() == {"name", "b64"}
    assert first["prediction"]["displayNames"] == ["cat"]


def test_a_container_that_does_not_start_fails_the_job_in_its_own_words(vertex: Emulator, bucket: Bucket) -> None:
    bucket.blob("model/model.json").upload_from_string("{}")
    bucket.blob("asked-0.jsonl").upload_from_string("{}")

    job = create(batch(container()))
    with pytest.raises(RuntimeError, match="Model server terminated: exit_code: 65"):
        job.wait_for_completion()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_uri": "host/team/other:1"}, "knows the server of an image named predict"),
        ({"command": ["sh", "-c", "true"]}, "not host/team/predict:1 with sh -c true"),
        ({"args": ["--port=1"]}, "with python -m graduate.components.online --port=1"),
        ({"image_uri": ""}, "container_spec.image_uri"),
        ({"predict_route": "p"}, "container_spec.predict_route"),
    ],
)
def test_a_container_that_cannot_be_run_is_refused(vertex: Emulator, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GoogleAPICallError, match=message):
        create(batch(container(**changes)))


@pytest.mark.parametrize(
    ("spec", "fields", "message"),
    [
        (None, {}, "Exactly one of model and unmanaged_container_model"),
        (container(), {"model": f"{PARENT}/models/1"}, "Exactly one of model and unmanaged_container_model"),
        (
            container(),
            {"instance_config": {"included_fields": ["a"], "excluded_fields": ["b"]}},
            "instance_config.excluded_fields",
        ),
    ],
)
def test_a_job_that_contradicts_itself_is_refused(
    vertex: Emulator, spec: types.ModelContainerSpec | None, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest, match=message):
        create(batch(spec, **fields))


def test_monitoring_is_checked(vertex: Emulator) -> None:
    keyed = batch(container(), instance_config={"key_field": "name"})
    job = MonitoredJob.deserialize(types.BatchPredictionJob.serialize(keyed))
    job.model_monitoring_config = ModelMonitoringConfig(analysis_instance_schema_uri="gs://bucket/schema.yaml")

    with pytest.raises(BadRequest) as caught:
        create(job, "v1beta1")

    assert "objective_configs; Message: Required field is not set" in str(caught.value)
    assert "leave key_field out" in str(caught.value)
