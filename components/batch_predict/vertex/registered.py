"""A model of the registry, as far as it must be known here: to read inputs, and to tell its results from others'."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from google.cloud import aiplatform
from numpy.typing import NDArray

from ...data.items import Task
from ...errors import InputError
from ...models.folder import ImageInput
from ...models.predictions import AnyPrediction
from ...prediction.fetch import fetch_model
from ...prediction.predictor import Predictor, open_predictor
from ...prediction.reading import Reading
from ...vertex.connect import connect, patiently, refusals_as_sentences
from .settings import VertexBatchSettings, check_settings
from .target import has_container

# What the names of the schemata of predictions have in them: gs://google-cloud-aiplatform/schema/predict/prediction/
_TASKS = {"image_object_detection": Task.OBJECT_DETECTION, "image_classification": Task.IMAGE_CLASSIFICATION}


class ServiceModel:
    """A model of images that only the service can predict with, made by AutoML: a `Predictor` that does not predict."""

    labels: list[str]
    is_multi_label = False

    def __init__(self, name: str, task: Task, described: Path) -> None:
        self.name, self.labels = name, []
        self.task: Task | None = task
        self.input: Any = ImageInput(kind="image", name="content", height=0, width=0)
        self.files = [described]

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> list[AnyPrediction]:
        raise TypeError(f"{self.name} is predicted with by the service alone")

    def predict_rows(self, rows: pa.RecordBatch) -> list[AnyPrediction]:
        raise TypeError(f"{self.name} is predicted with by the service alone")


def open_registered(settings: VertexBatchSettings, reading: Reading, into: Path) -> tuple[Path, Predictor]:
    """Opens the model that `settings.model` names.

    Args:
        settings: where it is registered.
        reading: how an ONNX file takes images.
        into: folder for what of it is brought to this machine.

    Returns:
        Where it is on this machine, and the model opened: its own files where it has a container, or what is known of
        it, which is its task and name, where AutoML has made it.

    Raises:
        InputError: there is no such model, the account lacks a right, or it is none that this engine can predict with.
    """
    check_settings(settings)
    with refusals_as_sentences():
        connect(settings.project, settings.location)
        model: Any = patiently(lambda: aiplatform.Model(settings.model))
    if has_container(model):
        if not model.uri:
            raise InputError(f"{settings.model} has no files (artifactUri): give the model folder that it was made of")
        path = fetch_model(model.uri, into)
        return path, open_predictor(path, reading)
    schema = model.predict_schemata.prediction_schema_uri if model.predict_schemata else ""
    task = next((task for name, task in _TASKS.items() if name in schema), None)
    if task is None:
        raise InputError(
            f"{settings.model} is neither a model with a container nor AutoML's of images ({schema or 'no schema'}): "
            "predict with it in the console"
        )
    into.mkdir(parents=True, exist_ok=True)
    described = into / "registered.json"
    described.write_text(json.dumps({"model": model.versioned_resource_name}), encoding="utf-8")
    return described, ServiceModel(model.display_name, task, described)
