"""Models, their evaluations, and their export (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models)."""

from collections.abc import Mapping
from typing import Any

import proto
from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.json_format import ParseDict

from .checks import Checks, location_of, parse
from .containers import check_container
from .kinds import Kind, Shared
from .model_exports import write_export
from .resources import now
from .tasks import Trained

# By whether the model is one of images.
_RESOURCES = {
    False: types.Model.DeploymentResourcesType.DEDICATED_RESOURCES,
    True: types.Model.DeploymentResourcesType.AUTOMATIC_RESOURCES,
}


_CONTAINER_FORMATS = ("jsonl", "csv", "bigquery", "tf-record", "tf-record-gzip", "file-list")


class Models(Kind):
    """What trainings have made, and what was uploaded with a container; each has one version."""

    collection = "models"
    message = types.Model

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._trained: dict[str, Trained] = {}

    @property
    def verbs(self) -> dict[str, Any]:
        return {"export": self.export}

    @property
    def collection_verbs(self) -> dict[str, Any]:
        return {"upload": self.upload}

    def upload(self, parent: str, body: bytes) -> Operation:
        """Registers a model with a container.

        Raises:
            ApiError: the request is one that the service would not take.
        """
        request = parse(types.UploadModelRequest, body)
        model = request.model
        with Checks("model") as checks:
            checks.display_name(model.display_name)
            checks.labels(model.labels)
            checks.encryption(model.encryption_spec.kms_key_name, location_of(parent))
            check_container(checks, model.container_spec, model.artifact_uri)
        name = self.shared.resources.new_name(parent, self.collection, request.model_id)
        _complete(model, name)
        model.model_source_info = types.ModelSourceInfo(source_type="CUSTOM")
        _takes_batches(model)

        def done() -> types.UploadModelResponse:
            self.shared.resources.add(model)
            return types.UploadModelResponse(model=name, model_version_id=model.version_id)

        return self.shared.operations.start(name, types.UploadModelOperationMetadata(), done)

    def unmanaged(self, given: types.UnmanagedContainerModel) -> types.Model:
        """A model that is kept nowhere, for one batch prediction.

        Raises:
            ApiError: it is one that the service would not take.
        """
        with Checks("batch_prediction_job.unmanaged_container_model") as checks:
            check_container(checks, given.container_spec, given.artifact_uri)
        model = types.Model(
            display_name="unmanaged", artifact_uri=given.artifact_uri, container_spec=given.container_spec
        )
        _takes_batches(model)
        return model

    def add(self, parent: str, pipeline: types.TrainingPipeline, trained: Trained) -> types.Model:
        """Keeps the model of a training, and its evaluation."""
        model = types.Model(pipeline.model_to_upload)
        _complete(model, self.shared.resources.new_name(parent, self.collection, pipeline.model_id))
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
        model.predict_schemata = types.PredictSchemata(prediction_schema_uri=_prediction_schema(trained))
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
        folder = write_export(model, self._trained[model.name], wanted)
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


def has_container(model: types.Model) -> bool:
    """Whether a model runs in a container that was given with it."""
    return bool(model.container_spec.image_uri)


def without_version(name: str) -> str:
    """A model's name without the version or the alias that may follow it."""
    return name.partition("@")[0]


def _prediction_schema(trained: Trained) -> str:
    """Of models of images, by that of their metrics."""
    is_detection = trained.metrics_schema.endswith("image_object_detection_metrics_1.0.0.yaml")
    kind = "object_detection" if is_detection else "classification"
    return f"gs://google-cloud-aiplatform/schema/predict/prediction/image_{kind}_1.0.0.yaml" if trained.images else ""


def _complete(model: types.Model, name: str) -> None:
    """Gives a new model what the service gives it."""
    model.name = name
    model.version_id, model.version_aliases = "1", ["default"]
    model.create_time = model.update_time = model.version_create_time = model.version_update_time = now()


def _takes_batches(model: types.Model) -> None:
    """What the service says of a model with a container."""
    model.supported_deployment_resources_types = [types.Model.DeploymentResourcesType.DEDICATED_RESOURCES]
    model.supported_input_storage_formats = list(_CONTAINER_FORMATS)
    model.supported_output_storage_formats = ["jsonl", "csv", "bigquery"]


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
