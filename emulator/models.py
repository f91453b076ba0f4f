"""Models, their evaluations, and their export (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import proto
from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.json_format import ParseDict

from . import bucket
from .checks import Checks, parse
from .kinds import Kind, Shared
from .resources import now
from .tasks import Trained

# Files of each format: https://cloud.google.com/vertex-ai/docs/export/export-edge-model and export-model-tabular.
_EDGE_FILES = {
    "tflite": ("model.tflite", "dict.txt", "tflite_metadata.json"),
    "edgetpu-tflite": ("edgetpu_model.tflite", "dict.txt", "tflite_metadata.json"),
    "tf-saved-model": ("saved_model.pb",),
    "tf-js": ("model.json", "group1-shard1of1.bin", "dict.txt"),
    "core-ml": ("model.mlmodel", "dict.txt"),
}
_TABLE_FILES = ("environment.json", "instance.yaml", "prediction_schema.yaml", "predict/001/saved_model.pb")
# By whether the model is one of images.
_RESOURCES = {
    False: types.Model.DeploymentResourcesType.DEDICATED_RESOURCES,
    True: types.Model.DeploymentResourcesType.AUTOMATIC_RESOURCES,
}


class Models(Kind):
    """What trainings have made; each has one version."""

    collection = "models"
    message = types.Model

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._trained: dict[str, Trained] = {}

    @property
    def verbs(self) -> dict[str, Any]:
        return {"export": self.export}

    def add(self, parent: str, pipeline: types.TrainingPipeline, trained: Trained) -> types.Model:
        """Keeps the model of a training, and its evaluation."""
        model = types.Model(pipeline.model_to_upload)
        model.name = self.shared.resources.new_name(parent, self.collection, pipeline.model_id)
        model.version_id, model.version_aliases = "1", ["default"]
        model.create_time = model.update_time = model.version_create_time = model.version_update_time = now()
        model.training_pipeline = pipeline.name
        if not model.encryption_spec.kms_key_name:
            model.encryption_spec = pipeline.encryption_spec
        model.model_source_info = types.ModelSourceInfo(source_type="AUTOML")
        model.supported_deployment_resources_types = [_RESOURCES[trained.images]] if trained.input_formats else []
        model.supported_input_storage_formats = list(trained.input_formats)
        model.supported_output_storage_formats = ["jsonl"] if trained.input_formats else []
        artifact = types.Model.ExportFormat.ExportableContent.ARTIFACT
        model.supported_export_formats = [
            types.Model.ExportFormat(id=name, exportable_contents=[artifact]) for name in trained.export_formats
        ]
        self._trained[model.name] = trained
        self.shared.resources.add(model)
        self.shared.resources.add(_evaluation(self.shared.resources.new_name(model.name, "evaluations"), trained))
        return model

    def get(self, name: str) -> types.Model:
        return super().get(without_version(name))

    def delete(self, name: str) -> Operation:
        return super().delete(without_version(name))

    def trained(self, name: str) -> Trained:
        """What a model has learned.

        Raises:
            ApiError: there is no such model.
        """
        return self._trained[self.get(name).name]

    def export(self, name: str, body: bytes) -> Operation:
        """Writes a model into the bucket.

        Raises:
            ApiError: the request is one that the service would not take.
        """
        model, wanted = self.get(name), parse(types.ExportModelRequest, body).output_config
        with Checks("output_config") as checks:
            offered = [each.id for each in model.supported_export_formats]
            checks.one_of("export_format_id", wanted.export_format_id, offered)
            checks.that(not wanted.image_destination.output_uri, "image_destination", "Not supported by this format.")
            checks.in_bucket("artifact_destination.output_uri_prefix", wanted.artifact_destination.output_uri_prefix)
        metadata = types.ExportModelOperationMetadata()
        return self.shared.operations.start(model.name, metadata, lambda: self._exported(model, wanted, metadata))

    def _exported(self, model: types.Model, wanted: Any, metadata: Any) -> types.ExportModelResponse:
        trained = self._trained[model.name]
        made = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        prefix = wanted.artifact_destination.output_uri_prefix.rstrip("/")
        folder = f"{prefix}/model-{model.name.rpartition('/')[2]}/{wanted.export_format_id}/{made}"
        for file in _EDGE_FILES[wanted.export_format_id] if trained.images else _TABLE_FILES:
            labels = "".join(f"{label}\n" for label in trained.labels)
            content = labels if file == "dict.txt" else json.dumps({"emulated": model.name, "file": file})
            bucket.write(f"{folder}/{file}", content)
        metadata.output_info.artifact_output_uri = folder
        return types.ExportModelResponse()


class Evaluations(Kind):
    """Evaluations of models."""

    collection = "evaluations"
    message = types.ModelEvaluation

    def get(self, name: str) -> types.ModelEvaluation:
        model, _, rest = name.partition("/evaluations/")
        return super().get(f"{without_version(model)}/evaluations/{rest}")

    def list(self, parent: str, query: Mapping[str, str]) -> proto.Message:
        return super().list(without_version(parent), query)


def without_version(name: str) -> str:
    """A model's name without the version or the alias that may follow it."""
    return name.partition("@")[0]


def _evaluation(name: str, trained: Trained) -> types.ModelEvaluation:
    evaluation = types.ModelEvaluation(name=name, metrics_schema_uri=trained.metrics_schema, create_time=now())
    ParseDict(trained.metrics, types.ModelEvaluation.pb(evaluation).metrics)
    if trained.images:
        evaluation.slice_dimensions = ["annotationSpec"]
    if trained.attributions:
        attribution = types.Attribution()
        ParseDict(trained.attributions, types.Attribution.pb(attribution).feature_attributions)
        evaluation.model_explanation = types.ModelExplanation(mean_attributions=[attribution])
    return evaluation
