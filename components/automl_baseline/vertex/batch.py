"""Predictions of the validation and the test split by the service, through batch prediction jobs."""

import json
from functools import partial
from typing import Any

from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types

from ...data.dataset import Dataset
from ...data.items import Task
from ...errors import FinalError
from ...models.predictions import Prediction
from ...vertex.batch_results import answer, result_lines
from ...vertex.fingerprint import fingerprint
from ...vertex.jobs import BATCH_PREDICTION, Runner
from .material import Material, item_ids
from .plan import Plan

# By default an image gets ten labels or boxes, those that the model is sure of.
_MOST_BOXES = 100
# Of models that have no machines of their own choice.
_MACHINE = "n1-standard-4"
_MOST_FAILED = 0.05
_CREATE_TIMEOUT_SECONDS = 120.0
_AUTOMATIC = types.Model.DeploymentResourcesType.AUTOMATIC_RESOURCES


class BatchResults:
    """What batch prediction jobs gave.

    Attributes:
        answers: prediction by item id.
        failures: the service's message by item id, where it could not predict.
        jobs: resource names.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Prediction] = {}
        self.failures: dict[str, str] = {}
        self.jobs: list[str] = []


def predict_on_service(plan: Plan, model: aiplatform.Model, material: Material, runner: Runner) -> BatchResults:
    """Predicts the items of the validation and the test split.

    Args:
        plan: of the training.
        model: that it has made.
        material: with the instances.
        runner: waits for the jobs.

    Returns:
        The results; without any job where the model predicts outside of the service only, as those for the edge do.

    Raises:
        FinalError: a job failed, or the service failed on more than a few items.
    """
    results = BatchResults()
    if not model.supported_input_storage_formats:
        print("the service makes no batch predictions with this model: it is for export", flush=True)
        return results
    for uri in material.to_predict:
        mark = fingerprint(model.versioned_resource_name, uri)
        job = runner.run(BATCH_PREDICTION, mark, partial(_submit, plan, model, material, uri, mark))
        results.jobs.append(job.resource_name)
        _read(job.to_dict()["outputInfo"]["gcsOutputDirectory"], material, results)
    _check_failures(plan.dataset, results)
    return results


def _submit(plan: Plan, model: aiplatform.Model, material: Material, uri: str, mark: str) -> Any:
    """Creates the job and does not wait for it."""
    machines: dict[str, Any] = {"machine_type": _MACHINE, "starting_replica_count": 1, "max_replica_count": 1}
    needs_machine = _AUTOMATIC not in model.supported_deployment_resources_types
    return aiplatform.BatchPredictionJob.submit(
        job_display_name=plan.name,
        model_name=model,
        gcs_source=uri,
        instances_format=material.instances_format,
        gcs_destination_prefix=f"{plan.folder}/predictions",
        predictions_format="jsonl",
        model_parameters=_parameters(plan.dataset),
        labels=plan.labels(mark),
        encryption_spec_key_name=plan.settings.encryption_key or None,
        service_account=plan.settings.service_account or None,
        create_request_timeout=_CREATE_TIMEOUT_SECONDS,
        **(machines if needs_machine else {}),
    )


def _parameters(dataset: Dataset) -> dict[str, Any] | None:
    """Every label's probability, and every box however unsure, since average precision is measured over all of them."""
    if not dataset.task.is_image:
        return None
    is_detection = dataset.task is Task.OBJECT_DETECTION
    return {"confidenceThreshold": 0.0, "maxPredictions": _MOST_BOXES if is_detection else len(dataset.labels)}


def _read(folder: str, material: Material, results: BatchResults) -> None:
    """Reads {"instance": ..., "prediction": ...} and {"instance": ..., "error": ...} lines, in whichever file."""
    for record in result_lines(folder):
        identity = material.item_id(record["instance"])
        if identity and "prediction" in record:
            results.answers[identity] = answer(record["prediction"])
        elif identity:
            results.failures[identity] = json.dumps(record.get("error"))


def _check_failures(dataset: Dataset, results: BatchResults) -> None:
    """Counts what is absent as failed.

    Raises:
        FinalError: more than a few failed.
    """
    asked = [identity for split in ("validation", "test") for identity in item_ids(dataset, split)]
    for identity in asked:
        if identity not in results.answers:
            results.failures.setdefault(identity, "there is no prediction of it")
    if len(results.failures) > _MOST_FAILED * len(asked):
        identity, message = next(iter(results.failures.items()))
        raise FinalError(
            f"Vertex AI could not predict {len(results.failures):,} of {len(asked):,} items, the first is {identity}: "
            f"{message}"
        )
