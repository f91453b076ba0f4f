"""What the service would not take is refused by the name of the field, and what it would is not."""

import copy
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from google.cloud import aiplatform
from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import types
from google.cloud.storage import Bucket
from small_data import IO, PARENT, image_dataset, put_images, tabular_dataset

from graduate.emulator.server import Emulator

TASK = schema.training_job.definition
KEY = "projects/demo/locations/{}/keyRings/ring/cryptoKeys/key"
DATASET = {
    "displayName": "flowers",
    "metadataSchemaUri": schema.dataset.metadata.tabular,
    "metadata": {"inputConfig": {"gcsSource": {"uri": ["gs://bucket/flowers.csv"]}}},
    "labels": {"team": "garden", "grün": "ja-1_2"},
    "encryptionSpec": {"kmsKeyName": KEY.format("europe-west4")},
}
TABLES = {
    "targetColumn": "kind",
    "predictionType": "classification",
    "optimizationObjective": "minimize-log-loss",
    "transformations": [{"numeric": {"columnName": "width", "invalidValuesAllowed": True}}],
    "trainBudgetMilliNodeHours": 1_000,
}
SERIES = {
    "targetColumn": "sold",
    "timeColumn": "day",
    "timeSeriesIdentifierColumn": "shop",
    "unavailableAtForecastColumns": ["sold"],
    "availableAtForecastColumns": ["day"],
    "transformations": [{"timestamp": {"columnName": "day"}}],
    "dataGranularity": {"unit": "day", "quantity": 1},
    "forecastHorizon": 7,
    "trainBudgetMilliNodeHours": "72000",
    "holidayRegions": ["GLOBAL"],
}
CLASSIFICATION = {"modelType": "CLOUD", "budgetMilliNodeHours": 8_000, "multiLabel": False}
DETECTION = {"modelType": "CLOUD_1", "budgetMilliNodeHours": 900_000}


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with another value at a path such as metadata/inputConfig; None to take it away."""
    body = copy.deepcopy(body)
    *parts, last = path.split("/")
    inner = body
    for part in parts:
        inner = inner.setdefault(part, {})
    inner[last] = value
    if value is None:
        del inner[last]
    return body


def refused_field(emulator: Emulator, path: str, body: dict[str, Any]) -> str:
    """The name of the first field that a request is refused for, or the message where no field is named."""
    request = f"{emulator.endpoint}/v1/{PARENT}/{path}"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, data=json.dumps(body).encode())
    error = json.load(caught.value)["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    if "details" not in error:
        return error["message"]
    violation = error["details"][0]["fieldViolations"][0]
    assert f"Field: {violation['field']}; Message: {violation['description']}" in error["message"]
    return violation["field"]


def accepted(emulator: Emulator, path: str, body: dict[str, Any]) -> bool:
    with urllib.request.urlopen(f"{emulator.endpoint}/v1/{PARENT}/{path}", data=json.dumps(body).encode()) as answer:
        return answer.status == 200


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("displayName", None, "dataset.display_name"),
        ("displayName", "x" * 129, "dataset.display_name"),
        ("metadataSchemaUri", "gs://other/tabular_1.0.0.yaml", "dataset.metadata_schema_uri"),
        ("metadata", None, "dataset.metadata"),
        ("metadata/inputConfig/gcsSource/uri", [], "dataset.metadata.input_config"),
        ("metadata/inputConfig/gcsSource/uri", ["flowers.csv"], "dataset.metadata.input_config.gcs_source.uri"),
        ("metadata/inputConfig/bigquerySource", {"uri": "bq://p.d.t"}, "dataset.metadata.input_config"),
        ("labels", {"Team": "garden"}, "dataset.labels"),
        ("labels", {"team": "Garden House"}, "dataset.labels"),
        ("labels", {f"k{at}": "v" for at in range(65)}, "dataset.labels"),
        ("encryptionSpec/kmsKeyName", "key", "dataset.encryption_spec.kms_key_name"),
        ("encryptionSpec/kmsKeyName", KEY.format("us-central1"), "dataset.encryption_spec.kms_key_name"),
        ("encryptionSpec/key", "k", 'no field named "key"'),
    ],
)
def test_datasets(emulator: Emulator, path: str, value: Any, field: str) -> None:
    assert accepted(emulator, "datasets", DATASET)
    refused = refused_field(emulator, "datasets", changed(DATASET, path, value))
    assert refused == field or field in refused.partition(" ")[2]


@pytest.mark.parametrize(
    ("task", "inputs", "path", "value", "field"),
    [
        ("automl_tabular", TABLES, "targetColumn", None, "target_column"),
        ("automl_tabular", TABLES, "predictionType", "clustering", "prediction_type"),
        ("automl_tabular", TABLES, "optimizationObjective", "minimize-rmse", "optimization_objective"),
        ("automl_tabular", TABLES, "optimizationObjectiveRecallValue", 0.5, "optimization_objective_recall_value"),
        ("automl_tabular", TABLES, "trainBudgetMilliNodeHours", 999, "train_budget_milli_node_hours"),
        ("automl_tabular", TABLES, "trainBudgetMilliNodeHours", 72_001, "train_budget_milli_node_hours"),
        ("automl_tabular", TABLES, "transformations", [], "transformations"),
        ("automl_tabular", TABLES, "transformations", [{"auto": {"columnName": "kind"}}], "transformations"),
        ("automl_tabular", TABLES, "transformations", [{"scaled": {}}], 'no field named "scaled"'),
        ("automl_tabular", TABLES, "budgetMilliNodeHours", 1_000, 'no field named "budgetMilliNodeHours"'),
        ("automl_forecasting", SERIES, "timeColumn", None, "time_column"),
        ("automl_forecasting", SERIES, "availableAtForecastColumns", [], "available_at_forecast_columns"),
        ("automl_forecasting", SERIES, "unavailableAtForecastColumns", [], "unavailable_at_forecast_columns"),
        ("automl_forecasting", SERIES, "forecastHorizon", 0, "forecast_horizon"),
        ("automl_forecasting", SERIES, "forecastHorizon", 1_001, "forecast_horizon"),
        ("automl_forecasting", SERIES, "dataGranularity/quantity", 2, "data_granularity.quantity"),
        ("automl_forecasting", SERIES, "quantiles", [0.5], "quantiles"),
        ("automl_forecasting", SERIES, "optimizationObjective", "minimize-quantile-loss", "quantiles"),
        ("automl_image_classification", CLASSIFICATION, "modelType", "CLOUD_LOW_LATENCY_1", "model_type"),
        ("automl_image_classification", CLASSIFICATION, "budgetMilliNodeHours", 7_999, "budget_milli_node_hours"),
        ("automl_image_classification", CLASSIFICATION, "budgetMilliNodeHours", 800_001, "budget_milli_node_hours"),
        ("automl_image_object_detection", DETECTION, "budgetMilliNodeHours", 19_999, "budget_milli_node_hours"),
        ("automl_image_object_detection", DETECTION, "budgetMilliNodeHours", 900_001, "budget_milli_node_hours"),
        ("automl_image_object_detection", DETECTION, "modelType", "MOBILE_TF_VERSATILE_1", "budget_milli_node_hours"),
        ("automl_image_object_detection", DETECTION, "multiLabel", True, 'no field named "multiLabel"'),
    ],
)
def test_task_inputs(emulator: Emulator, task: str, inputs: dict[str, Any], path: str, value: Any, field: str) -> None:
    schemas = schema.dataset.metadata
    kinds = {"automl_tabular": schemas.tabular, "automl_forecasting": schemas.time_series}
    dataset = {**DATASET, "metadataSchemaUri": kinds.get(task, schemas.image)}
    assert accepted(emulator, "datasets", dataset if task in kinds else changed(dataset, "metadata", None))
    emulator.clock.advance(1)
    (found,) = emulator.resources.all(PARENT, "datasets")
    pipeline = {
        "displayName": "training",
        "trainingTaskDefinition": getattr(TASK, task),
        "trainingTaskInputs": inputs,
        "inputDataConfig": {"datasetId": found.name.rpartition("/")[2]},
        "modelToUpload": {"displayName": "model"},
    }
    assert accepted(emulator, "trainingPipelines", pipeline)
    refused = refused_field(emulator, "trainingPipelines", changed(pipeline, f"trainingTaskInputs/{path}", value))
    assert (
        refused.removeprefix("training_pipeline.training_task_inputs.") == field or field in refused.partition(" ")[2]
    )
    assert len(emulator.resources.all(PARENT, "trainingPipelines")) == 1


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("displayName", "", "display_name"),
        ("trainingTaskDefinition", TASK.automl_text_classification, "training_task_definition"),
        ("modelToUpload", None, "model_to_upload.display_name"),
        ("modelToUpload/encryptionSpec", {"kmsKeyName": "key"}, "model_to_upload.encryption_spec.kms_key_name"),
        ("modelId", "1st", "model_id"),
        ("inputDataConfig/datasetId", "", "input_data_config.dataset_id"),
        ("inputDataConfig/annotationSchemaUri", "gs://any", "input_data_config.annotation_schema_uri"),
        ("inputDataConfig/predefinedSplit", {"key": ""}, "input_data_config.predefined_split.key"),
        ("inputDataConfig/fractionSplit", {"trainingFraction": 0.9}, "input_data_config.fraction_split"),
        (
            "inputDataConfig/filterSplit",
            {"trainingFilter": "-", "validationFilter": "-", "testFilter": "-"},
            "input_data_config.filter_split",
        ),
    ],
)
def test_training_pipelines(vertex: Emulator, bucket: Bucket, path: str, value: Any, field: str) -> None:
    pipeline = {
        "displayName": "training",
        "trainingTaskDefinition": TASK.automl_tabular,
        "trainingTaskInputs": TABLES,
        "inputDataConfig": {"datasetId": tabular_dataset(bucket).name},
        "modelToUpload": {"displayName": "model"},
    }
    assert refused_field(vertex, "trainingPipelines", changed(pipeline, path, value)) == f"training_pipeline.{field}"


def test_a_dataset_of_another_kind_is_refused(vertex: Emulator, bucket: Bucket) -> None:
    pipeline = {
        "displayName": "training",
        "trainingTaskDefinition": TASK.automl_image_classification,
        "trainingTaskInputs": CLASSIFICATION,
        "inputDataConfig": {"datasetId": tabular_dataset(bucket).name},
        "modelToUpload": {"displayName": "model"},
    }
    assert refused_field(vertex, "trainingPipelines", pipeline) == "training_pipeline.input_data_config.dataset_id"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("displayName", "", "batch_prediction_job.display_name"),
        ("inputConfig/instancesFormat", "csv", "batch_prediction_job.input_config.instances_format"),
        ("modelParameters", {"confidence": 0.5}, 'no field named "confidence"'),
        ("modelParameters", {"confidenceThreshold": 2}, "batch_prediction_job.model_parameters.confidence_threshold"),
        ("inputConfig/gcsSource/uris", [], "batch_prediction_job.input_config.gcs_source.uris"),
        (
            "outputConfig/gcsDestination/outputUriPrefix",
            "out",
            "batch_prediction_job.output_config.gcs_destination.output_uri_prefix",
        ),
        (
            "dedicatedResources/machineSpec/machineType",
            "n1-standard-4",
            "batch_prediction_job.dedicated_resources.machine_spec.machine_type",
        ),
    ],
)
def test_batch_prediction_jobs(vertex: Emulator, bucket: Bucket, path: str, value: Any, field: str) -> None:
    job = aiplatform.AutoMLImageTrainingJob("training", model_type="CLOUD")
    model = job.run(image_dataset(bucket, IO.single_label_classification), budget_milli_node_hours=8_000)
    body = {
        "displayName": "predict",
        "model": model.resource_name,
        "inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": ["gs://bucket/asked.jsonl"]}},
        "outputConfig": {
            "predictionsFormat": "jsonl",
            "gcsDestination": {"outputUriPrefix": "gs://bucket/out"},
        },
    }
    assert accepted(vertex, "batchPredictionJobs", body)
    refused = refused_field(vertex, "batchPredictionJobs", changed(body, path, value))
    assert refused == field or field in refused.partition(" ")[2]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("exportFormatId", "onnx", "output_config.export_format_id"),
        ("artifactDestination", None, "output_config.artifact_destination.output_uri_prefix"),
        ("imageDestination", {"outputUri": "europe-docker.pkg.dev/p/r/i"}, "output_config.image_destination"),
    ],
)
def test_exports(vertex: Emulator, bucket: Bucket, path: str, value: Any, field: str) -> None:
    job = aiplatform.AutoMLImageTrainingJob("training", model_type="MOBILE_TF_VERSATILE_1")
    model = job.run(image_dataset(bucket, IO.single_label_classification), budget_milli_node_hours=1_000)
    config = {"exportFormatId": "tflite", "artifactDestination": {"outputUriPrefix": "gs://bucket/models"}}

    refused = refused_field(vertex, f"models/{model.name}:export", {"outputConfig": changed(config, path, value)})
    assert refused == field


def test_lines_that_cannot_be_imported_are_partial_failures(vertex: Emulator, bucket: Bucket) -> None:
    first, second, *_ = put_images(bucket, 4)
    good = {"imageGcsUri": first, "classificationAnnotation": {"displayName": "red"}}
    bad = [
        {**good, "imageGcsUri": "red.png"},
        {**good, "label": "red"},
        {"imageGcsUri": second, "boundingBoxAnnotations": []},
    ]
    bucket.blob("import.jsonl").upload_from_string("\n".join(map(json.dumps, [good, *bad])))
    dataset = aiplatform.ImageDataset.create("colours")

    request = {
        "importConfigs": [
            {"gcsSource": {"uris": ["gs://bucket/import.jsonl"]}, "importSchemaUri": IO.single_label_classification}
        ]
    }
    assert accepted(vertex, f"datasets/{dataset.name}:import", request)
    vertex.clock.advance(1)

    _, imported = vertex.resources.all(dataset.resource_name, "operations")
    metadata = types.ImportDataOperationMetadata.deserialize(imported.metadata.value)
    messages = [failure.message for failure in metadata.generic_metadata.partial_failures]
    assert [message.partition(": ")[2] for message in messages] == [
        "'red.png' is no Cloud Storage URI",
        "unknown field 'label'",
        "unknown field 'boundingBoxAnnotations'",
    ]
    assert aiplatform.ImageDataset(dataset.resource_name).gca_resource.data_item_count == 1


def test_boxes_are_imported_from_csv(vertex: Emulator, bucket: Bucket) -> None:
    first, second = put_images(bucket, 2)
    rows = [f"TRAIN,{first},red,0.1,0.2,,,0.5,0.9,,", f"TRAIN,{first},red,0.5,0.5,,,1,1,,", f"{second},,,,,,,,,"]
    bucket.blob("import.csv").upload_from_string("\n".join(rows).replace("TRAIN,", "training,"))

    dataset = aiplatform.ImageDataset.create(
        "boxes", gcs_source="gs://bucket/import.csv", import_schema_uri=IO.bounding_box
    )
    assert aiplatform.ImageDataset(dataset.resource_name).gca_resource.data_item_count == 2
