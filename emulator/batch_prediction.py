"""Batch predictions (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.batchPredictionJobs)."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from google.cloud.aiplatform.v1.schema.predict.params_v1.types import ImageClassificationPredictionParams
from google.cloud.aiplatform_v1 import types
from google.cloud.aiplatform_v1beta1.types import BatchPredictionJob as MonitoredJob
from google.protobuf.json_format import MessageToDict

from . import bucket
from .checks import Checks, location_of, parse
from .container_batches import check_instance_config, predict_with_container
from .errors import ApiError, invalid, not_built
from .jobs import JOB, JobKind
from .kinds import Shared
from .models import Models, has_container
from .tasks import Trained

_FORMATS = ("jsonl", "csv", "bigquery", "tf-record", "tf-record-gzip", "file-list")
# Names of the files of results and errors, which differ by the kind of model.
_TABLE_FILES = ("prediction.results-00000-of-00001", "prediction.errors_stats-00000-of-00001")
_IMAGE_FILES = ("predictions_00001.jsonl", "errors_00001.jsonl")


class BatchPredictionJobs(JobKind):
    """Predictions for files in the bucket, written beside them as JSON lines."""

    collection = "batchPredictionJobs"
    message = types.BatchPredictionJob
    states = JOB

    def __init__(self, shared: Shared, models: Models) -> None:
        super().__init__(shared)
        self._models = models

    def create(self, parent: str, body: bytes, resource_id: str) -> types.BatchPredictionJob:
        job = _parsed(body)
        with Checks("batch_prediction_job") as checks:
            checks.display_name(job.display_name)
            is_one = bool(job.model) != bool(job.unmanaged_container_model)
            checks.that(is_one, "model", "Exactly one of model and unmanaged_container_model must be set.")
            checks.labels(job.labels)
            checks.encryption(job.encryption_spec.kms_key_name, location_of(parent))
            _check_places(checks, job)
        model = self._models.get(job.model) if job.model else self._models.unmanaged(job.unmanaged_container_model)
        _check_formats(job, model)
        given = MessageToDict(types.BatchPredictionJob.pb(job).model_parameters) or {}
        parameters = given if has_container(model) else _checked(given, self._models.trained(model.name))
        job.model_version_id = model.version_id
        job.name = self.shared.resources.new_name(parent, self.collection)
        self.start(job, lambda: self._predict(job, model, parameters))
        return job

    def _predict(self, job: types.BatchPredictionJob, model: types.Model, parameters: dict[str, Any]) -> None:
        instances = list(_instances(job.input_config.gcs_source.uris, job.input_config.instances_format))
        made = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        prefix = job.output_config.gcs_destination.output_uri_prefix.rstrip("/")
        folder = f"{prefix}/prediction-{model.display_name}-{made}"
        if has_container(model):
            outcome = predict_with_container(model, job, instances, parameters, self.shared.faults)
            outcome.write(folder)
            failed = outcome.failed
        else:
            trained = self._models.trained(model.name)
            answers = trained.predict(instances, parameters)
            failed = _write(folder, trained, list(zip(instances, answers, strict=True)))
        job.output_info.gcs_output_directory = folder
        job.completion_stats.failed_count = failed
        job.completion_stats.successful_count = len(instances) - failed
        if failed == len(instances):
            raise invalid(f"All {failed} instances failed; see the errors in {folder}.")


def _parsed(body: bytes) -> types.BatchPredictionJob:
    """A job; what is to be monitored, which v1beta1 alone knows, is checked and goes no further.

    Raises:
        ApiError: it is no job, or what is to be monitored is not said in full.
    """
    if b"modelMonitoringConfig" not in body:
        return parse(types.BatchPredictionJob, body)
    monitored = parse(MonitoredJob, body)
    with Checks("batch_prediction_job.model_monitoring_config") as checks:
        config = monitored.model_monitoring_config
        checks.required("objective_configs", config.objective_configs)
        for each in config.objective_configs:
            checks.required("objective_configs.training_dataset.data_format", each.training_dataset.data_format)
            for uri in each.training_dataset.gcs_source.uris:
                checks.in_bucket("objective_configs.training_dataset.gcs_source.uris", uri)
        keyed = monitored.instance_config.key_field
        checks.that(not keyed, "objective_configs", "The results must repeat the instances: leave key_field out.")
    del monitored.model_monitoring_config
    # The fields that both have go by the same numbers.
    return cast(types.BatchPredictionJob, types.BatchPredictionJob.deserialize(MonitoredJob.serialize(monitored)))


def _check_places(checks: Checks, job: types.BatchPredictionJob) -> None:
    source, destination = job.input_config, job.output_config
    checks.one_of("input_config.instances_format", source.instances_format, _FORMATS)
    checks.one_of("output_config.predictions_format", destination.predictions_format, _FORMATS)
    if source.bigquery_source.input_uri or destination.bigquery_destination.output_uri:
        raise not_built("The emulator predicts for files in Cloud Storage only.")
    checks.required("input_config.gcs_source.uris", source.gcs_source.uris)
    for uri in source.gcs_source.uris:
        checks.in_bucket("input_config.gcs_source.uris", uri)
    checks.in_bucket("output_config.gcs_destination.output_uri_prefix", destination.gcs_destination.output_uri_prefix)


def _check_formats(job: types.BatchPredictionJob, model: types.Model) -> None:
    """The formats must be among those of the model.

    Raises:
        ApiError: they are not, or the model makes no batch predictions at all.
    """
    with Checks("batch_prediction_job") as checks:
        offered = model.supported_input_storage_formats
        checks.that(bool(offered), "model", f"{model.name} does not support batch prediction.")
        if offered:
            checks.one_of("input_config.instances_format", job.input_config.instances_format, offered)
            _check_machines(checks, job, model)
    if has_container(model):
        if job.input_config.instances_format != "jsonl":
            raise not_built("The emulator reads instances for containers from jsonl only.")
        with Checks("batch_prediction_job") as checks:
            check_instance_config(checks, job.instance_config)
    elif job.instance_config:
        raise not_built("The emulator converts instances for containers only.")
    if job.output_config.predictions_format != "jsonl":
        raise not_built("The emulator writes predictions as jsonl only.")
    if job.generate_explanation:
        raise not_built("The emulator explains no predictions.")


def _checked(given: dict[str, Any], trained: Trained) -> dict[str, Any]:
    """The parameters for a trained model; those of boxes are the same as those of labels.

    Raises:
        ApiError: there are no such parameters, or a value is out of range.
    """
    with Checks("batch_prediction_job.model_parameters") as checks:
        if trained.images:
            known = parse(ImageClassificationPredictionParams, json.dumps(given))
            checks.between("confidence_threshold", known.confidence_threshold, 0, 1)
            checks.that(known.max_predictions >= 0, "max_predictions", "Must not be negative.")
        checks.that(trained.images or not given, "*", "This model has no parameters.")
    return given


def _check_machines(checks: Checks, job: types.BatchPredictionJob, model: types.Model) -> None:
    """Machines are named for models that have none of their own, and for no others."""
    are_automatic = (
        types.Model.DeploymentResourcesType.AUTOMATIC_RESOURCES in model.supported_deployment_resources_types
    )
    is_given = bool(job.dedicated_resources.machine_spec.machine_type)
    message = "Not supported by this model." if are_automatic else "Required field is not set."
    checks.that(is_given != are_automatic, "dedicated_resources.machine_spec.machine_type", message)


def _instances(uris: Iterable[str], instances_format: str) -> Iterator[Any]:
    """The instances in files; a line that is no JSON is given as the text that it is."""
    if instances_format == "csv":
        yield from bucket.rows(uris)
        return
    for _, text in bucket.texts(uris):
        for line in filter(None, text.splitlines()):
            try:
                yield json.loads(line)
            except ValueError:
                yield line


def _write(folder: str, trained: Trained, pairs: list[tuple[Any, dict[str, Any] | ApiError]]) -> int:
    """Writes results and, where there are any, errors; gives the number of errors."""
    results, errors = _IMAGE_FILES if trained.images else _TABLE_FILES
    failed = [
        {"instance": instance, "error": {"code": answer.code, "message": answer.message}}
        for instance, answer in pairs
        if isinstance(answer, ApiError)
    ]
    predicted = [
        {"instance": instance, "prediction": answer}
        for instance, answer in pairs
        if answer and isinstance(answer, dict)
    ]
    bucket.write_lines(f"{folder}/{results}", predicted)
    if failed or not trained.images:
        bucket.write_lines(f"{folder}/{errors}", failed)
    return len(failed)
