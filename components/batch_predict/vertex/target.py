"""With what the service predicts: a registered model, or the files of a model in our own serving container."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from google.cloud import aiplatform
from google.cloud.aiplatform_v1 import types

from ...data.images import MAX_PIXELS
from ...errors import InputError
from ...images import UNBUILT_TAG, image
from ...prediction.predictor import Predictor
from ...prediction.reading import Reading
from ...vertex.connect import EMULATOR_HOST
from .staging import stage_model

PREDICT_ROUTE, HEALTH_ROUTE, PORT = "/predict", "/health", 8080
# Batches are sent by the service itself, which has none of an endpoint's limits.
_MAX_REQUEST_BYTES = 256 * 1024**2
# AutoML's models leave out what they are not sure of, and by default all but ten.
_ALL = {"confidenceThreshold": 0.0, "maxPredictions": 100}
_AUTOMATIC = types.Model.DeploymentResourcesType.AUTOMATIC_RESOURCES


@dataclass(frozen=True)
class Target:
    """What a job predicts with.

    Attributes:
        identity: changes when the answers may.
        fields: of a BatchPredictionJob that name it.
        takes_key: whether the key may stand beside the instance (`instance_config`), as AutoML's models refuse.
        takes_machines: whether the job says on which machines.
        parameters: for the model.
    """

    identity: str
    fields: dict[str, Any]
    takes_key: bool = True
    takes_machines: bool = True
    parameters: dict[str, Any] = field(default_factory=dict)


def unmanaged_target(predictor: Predictor, model: Path, reading: Reading, folder: str) -> Target:
    """A model that is not registered, its files copied to the bucket.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/UnmanagedContainerModel

    Args:
        predictor: the model, opened.
        model: its folder or its ONNX file, on this machine.
        reading: how an ONNX file takes images.
        folder: gs:// URI, of this model alone.

    Raises:
        InputError: our serving container has not been built.
    """
    spec = types.UnmanagedContainerModel(artifact_uri=folder, container_spec=container_spec(reading))
    stage_model(predictor.files, model if model.is_dir() else model.parent, folder)
    return Target(f"{folder} {spec.container_spec.image_uri}", {"unmanaged_container_model": spec})


def container_spec(reading: Reading) -> types.ModelContainerSpec:
    """Our serving container.

    Raises:
        InputError: it has not been built.
    """
    reference = image("predict")
    if reference.endswith(UNBUILT_TAG) and EMULATOR_HOST not in os.environ:
        raise InputError(f"the image {reference} has not been built, and the service is to run it: see cloudbuild.yaml")
    given = asdict(reading)
    if reading.labels:
        given["labels"] = Path(reading.labels).name  # beside the model
    limits = {"max_request_bytes": str(_MAX_REQUEST_BYTES), "max_pixels": str(MAX_PIXELS)}
    environment = {f"GRADUATE_{name.upper()}": value for name, value in {**given, **limits}.items() if value}
    return types.ModelContainerSpec(
        image_uri=reference,
        command=["python", "-m", "graduate.components.online"],
        env=[types.EnvVar(name=name, value=value) for name, value in environment.items()],
        ports=[types.Port(container_port=PORT)],
        predict_route=PREDICT_ROUTE,
        health_route=HEALTH_ROUTE,
    )


def registered_target(model: aiplatform.Model) -> Target:
    """A model of the registry: with a container, or made by AutoML.

    Raises:
        InputError: the service makes no batch predictions with it.
    """
    if "jsonl" not in model.supported_input_storage_formats:
        raise InputError(f"{model.resource_name} takes no batch predictions from JSON lines: it is for export")
    return Target(
        model.versioned_resource_name,
        {"model": model.versioned_resource_name},
        takes_key=has_container(model),
        takes_machines=_AUTOMATIC not in model.supported_deployment_resources_types,
        parameters={} if has_container(model) else _ALL,
    )


def has_container(model: aiplatform.Model) -> bool:
    """Whether it was uploaded with a container of its own, as AutoML's models are not."""
    return bool(model.container_spec and model.container_spec.image_uri)
