"""The service's data set of our data: made once, found again by a record in the staging bucket."""

import json
from typing import Any

from google.api_core.exceptions import NotFound
from google.cloud import aiplatform
from google.cloud.aiplatform import schema

from ...data import storage
from ...data.dataset import Dataset
from ...data.items import Task
from ...vertex.connect import patiently
from .material import Material
from .plan import Plan

_IMPORTS = schema.dataset.ioformat.image
_RECORD = "dataset.json"


def service_dataset(plan: Plan, material: Material) -> Any:
    """Gives the service's data set, made and filled by an earlier run or now.

    The record is written when the import is over, so a data set that an interrupted run has left is not used.

    Args:
        plan: of the training.
        material: that was uploaded for it.

    Returns:
        An `aiplatform.TabularDataset`, `TimeSeriesDataset` or `ImageDataset`.
    """
    dataset, record = plan.dataset, f"{plan.folder}/{_RECORD}"
    kind = _kind(dataset.task)
    if storage.exists(record):
        resource_name = json.loads(storage.read_bytes(record))["resourceName"]
        try:
            return patiently(lambda: kind(resource_name))
        except NotFound:
            print(f"data set: {resource_name} is not there any more; making it again", flush=True)
    print("data set: creating and importing ...", flush=True)
    made = kind.create(
        display_name=plan.name,
        gcs_source=material.training,
        labels=plan.offer.labels,
        encryption_spec_key_name=plan.settings.encryption_key or None,
        **({"import_schema_uri": _import_schema(dataset)} if dataset.task.is_image else {}),
    )
    storage.write_bytes(record, json.dumps({"resourceName": made.resource_name}).encode())
    return made


def _kind(task: Task) -> Any:
    if task.is_image:
        return aiplatform.ImageDataset
    return aiplatform.TimeSeriesDataset if task is Task.TABULAR_FORECASTING else aiplatform.TabularDataset


def _import_schema(dataset: Dataset) -> str:
    if dataset.task is Task.OBJECT_DETECTION:
        return _IMPORTS.bounding_box
    return _IMPORTS.multi_label_classification if dataset.is_multi_label else _IMPORTS.single_label_classification
