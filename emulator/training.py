"""Training pipelines (https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.trainingPipelines)."""

import re
from typing import Any

from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import MessageToJson, ParseDict

from .checks import Checks, location_of, parse
from .datasets import Datasets
from .errors import not_built
from .forecasting_tasks import ForecastingTask
from .image_tasks import ClassificationTask, DetectionTask
from .jobs import PIPELINE, JobKind
from .kinds import Shared
from .logging_entries import LogEntries
from .models import Models
from .splits import check_split
from .table_tasks import TableTask
from .tasks import Task

_DEFINITION = schema.training_job.definition
_TASKS: dict[str, Task] = {
    _DEFINITION.automl_tabular: TableTask(),
    _DEFINITION.automl_forecasting: ForecastingTask(),
    _DEFINITION.automl_image_classification: ClassificationTask(),
    _DEFINITION.automl_image_object_detection: DetectionTask(),
}
_MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")


class TrainingPipelines(JobKind):
    """AutoML trainings, which learn from the data and end with a model."""

    collection = "trainingPipelines"
    message = types.TrainingPipeline
    states = PIPELINE

    def __init__(self, shared: Shared, datasets: Datasets, models: Models, logs: LogEntries) -> None:
        super().__init__(shared)
        self._datasets, self._models, self._logs = datasets, models, logs

    def create(self, parent: str, body: bytes, resource_id: str) -> types.TrainingPipeline:
        pipeline = parse(types.TrainingPipeline, body)
        with Checks("training_pipeline") as checks:
            checks.display_name(pipeline.display_name)
            checks.labels(pipeline.labels)
            checks.encryption(pipeline.encryption_spec.kms_key_name, location_of(parent))
            checks.one_of("training_task_definition", pipeline.training_task_definition, tuple(_TASKS))
            _check_model(checks, pipeline, location_of(parent))
        task = _TASKS[pipeline.training_task_definition]
        inputs = parse(task.inputs_type, MessageToJson(types.TrainingPipeline.pb(pipeline).training_task_inputs))
        with Checks("training_pipeline.training_task_inputs") as checks:
            task.check(checks, inputs)
        self._check_data(parent, pipeline.input_data_config, task)
        pipeline.name = self.shared.resources.new_name(parent, self.collection)
        self.start(pipeline, lambda: self._train(parent, pipeline, task, inputs))
        return pipeline

    def _check_data(self, parent: str, config: types.InputDataConfig, task: Task) -> None:
        with Checks("training_pipeline") as checks:
            checks.required("input_data_config.dataset_id", config.dataset_id)
            check_split(checks, config, task.splits)
            annotations = ("", task.annotation_schema)
            checks.one_of("input_data_config.annotation_schema_uri", config.annotation_schema_uri, annotations)
        dataset = self._datasets.get(f"{parent}/datasets/{config.dataset_id}")
        with Checks("training_pipeline") as checks:
            field = "input_data_config.dataset_id"
            checks.that(
                dataset.metadata_schema_uri == task.dataset_schema,
                field,
                f"The dataset's metadata_schema_uri must be {task.dataset_schema} for this training task.",
            )

    def _train(self, parent: str, pipeline: types.TrainingPipeline, task: Task, inputs: Any) -> None:
        dataset = f"{parent}/datasets/{pipeline.input_data_config.dataset_id}"
        trained = task.train(inputs, self._datasets, dataset, pipeline.input_data_config)
        model = self._models.add(parent, pipeline, trained)
        # The service gives the whole model back, with its name and version.
        pipeline.model_to_upload = model
        ParseDict(trained.metadata, types.TrainingPipeline.pb(pipeline).training_task_metadata)
        self._logs.add(model.name, trained)


def _check_model(checks: Checks, pipeline: types.TrainingPipeline, location: str) -> None:
    """Checks the model that is to be made; the emulator keeps one version of each.

    Raises:
        ApiError: it shall be a version of another.
    """
    if pipeline.parent_model:
        raise not_built("The emulator keeps one version of each model: leave parent_model out.")
    model = pipeline.model_to_upload
    checks.required("model_to_upload.display_name", model.display_name)
    checks.encryption(model.encryption_spec.kms_key_name, location, "model_to_upload.encryption_spec.kms_key_name")
    named = not pipeline.model_id or _MODEL_ID.fullmatch(pipeline.model_id)
    checks.that(bool(named), "model_id", "Must be of a-z, 0-9, - and _, and not begin with a digit or -.")
