"""The batch prediction job: created through the API's own client.

The SDK's `BatchPredictionJob.submit` (google-cloud-aiplatform 2.7) takes neither an unmanaged model nor a key field.
"""

from typing import Any

from google.cloud import aiplatform
from google.cloud.aiplatform import initializer, utils
from google.cloud.aiplatform_v1 import types
from google.cloud.aiplatform_v1beta1.types import BatchPredictionJob, ModelMonitoringConfig
from google.protobuf import json_format, struct_pb2

from ...vertex.fingerprint import FINGERPRINT
from ...vertex.forms import labels_of
from .settings import VertexBatchSettings
from .staging import Staged
from .target import Target
from .wording import KEY_FIELD

_CREATE_TIMEOUT_SECONDS = 120.0
# How many bytes a container shall get at once.
_REQUEST_BYTES = 16 * 1024**2


def create_job(
    settings: VertexBatchSettings,
    target: Target,
    staged: Staged,
    folder: str,
    mark: str,
    monitoring: ModelMonitoringConfig | None = None,
) -> Any:
    """Creates the job and does not wait for it.

    Args:
        settings: on which machines, as whom.
        target: what is predicted with.
        staged: the requests.
        folder: gs:// URI that they are in; the results go beside them.
        mark: fingerprint of the job.
        monitoring: what the service is to watch for.

    Returns:
        The SDK's job.
    """
    job = _described(target, folder)
    job.display_name = f"graduate-batch-{mark[:8]}"
    job.labels = {**labels_of(settings.labels), FINGERPRINT: mark}
    job.service_account = settings.service_account
    if settings.encryption_key:
        job.encryption_spec = types.EncryptionSpec(kms_key_name=settings.encryption_key)
    if target.takes_key:
        # With a key field the results have no instances, and these are what is monitored.
        how: dict[str, Any] = {"excluded_fields": [KEY_FIELD]} if monitoring else {"key_field": KEY_FIELD}
        job.instance_config = types.BatchPredictionJob.InstanceConfig(instance_type="object", **how)
    if target.takes_machines:
        job.dedicated_resources = _machines(settings)
        job.manual_batch_tuning_parameters = types.ManualBatchTuningParameters(batch_size=_batch_size(staged))
    return _created(f"projects/{settings.project}/locations/{settings.location}", job, monitoring)


def _described(target: Target, folder: str) -> types.BatchPredictionJob:
    """What is predicted with what, from where to where."""
    job = types.BatchPredictionJob(
        input_config=types.BatchPredictionJob.InputConfig(
            instances_format="jsonl", gcs_source=types.GcsSource(uris=[f"{folder}/requests/*.jsonl"])
        ),
        output_config=types.BatchPredictionJob.OutputConfig(
            predictions_format="jsonl", gcs_destination=types.GcsDestination(output_uri_prefix=f"{folder}/predictions")
        ),
        **target.fields,
    )
    if target.parameters:
        job.model_parameters = json_format.ParseDict(target.parameters, struct_pb2.Value())
    return job


def _created(parent: str, job: types.BatchPredictionJob, monitoring: ModelMonitoringConfig | None) -> Any:
    # With the endpoint and the credentials that `connect` has set.
    client: Any = initializer.global_config.create_client(client_class=utils.JobClientWithOverride)
    sent: Any = job
    if monitoring:
        client = client.select_version("v1beta1")
        sent = BatchPredictionJob.deserialize(types.BatchPredictionJob.serialize(job))
        sent.model_monitoring_config = monitoring
    created = client.create_batch_prediction_job(
        parent=parent, batch_prediction_job=sent, timeout=_CREATE_TIMEOUT_SECONDS
    )
    return aiplatform.BatchPredictionJob(created.name)


def _machines(settings: VertexBatchSettings) -> types.BatchDedicatedResources:
    return types.BatchDedicatedResources(
        machine_spec=types.MachineSpec(machine_type=settings.machine_type),
        starting_replica_count=settings.starting_replicas,
        max_replica_count=settings.max_replicas,
    )


def _batch_size(staged: Staged) -> int:
    return max(1, min(staged.most_at_once, _REQUEST_BYTES // max(staged.largest, 1)))
