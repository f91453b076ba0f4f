"""Images, from import files to exported models and predictions, with the real SDK."""

import json
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest
from google.cloud import aiplatform
from google.cloud.storage import Bucket
from small_data import IO, image_dataset

from graduate.emulator.server import Emulator

CLOUD = {"CLOUD": 8_000, "CLOUD_HIGH_ACCURACY_1": 20_000}


def trained(bucket: Bucket, import_schema: str, model_type: str, **settings: Any) -> aiplatform.Model:
    dataset = image_dataset(bucket, import_schema)
    job = aiplatform.AutoMLImageTrainingJob("training", model_type=model_type, **settings)
    return job.run(dataset, budget_milli_node_hours=CLOUD.get(model_type, 1_000))


def predicted(bucket: Bucket, model: aiplatform.Model, **parameters: float) -> list[dict[str, Any]]:
    asked = [{"content": f"gs://bucket/images/{at}.png", "mimeType": "image/png"} for at in (0, 1)]
    bucket.blob("asked.jsonl").upload_from_string("\n".join(map(json.dumps, asked)))
    job = model.batch_predict(
        "predict",
        gcs_source="gs://bucket/asked.jsonl",
        gcs_destination_prefix="gs://bucket/out",
        model_parameters=parameters or None,
    )
    folder = job.output_info.gcs_output_directory.removeprefix("gs://bucket/")
    text = bucket.blob(f"{folder}/predictions_00001.jsonl").download_as_text()
    return [json.loads(line)["prediction"] for line in text.splitlines()]


def test_single_labels_are_learned_from_the_pixels(vertex: Emulator, bucket: Bucket) -> None:
    model = trained(bucket, IO.single_label_classification, "CLOUD")

    assert model.get_model_evaluation().metrics["auPrc"] == 1
    assert [each["displayNames"][0] for each in predicted(bucket, model)] == ["red", "blue"]
    assert predicted(bucket, model, confidenceThreshold=0.5, maxPredictions=5) == [
        {"ids": ["1"], "displayNames": ["red"], "confidences": [1.0]},
        {"ids": ["0"], "displayNames": ["blue"], "confidences": [1.0]},
    ]


def test_an_image_may_have_several_labels(vertex: Emulator, bucket: Bucket) -> None:
    model = trained(bucket, IO.multi_label_classification, "CLOUD", multi_label=True)

    assert "confusionMatrix" not in model.get_model_evaluation().metrics
    assert set(predicted(bucket, model, confidenceThreshold=0.5)[0]["displayNames"]) == {"red", "plain"}


def test_boxes_are_found_and_evaluated_at_every_overlap(vertex: Emulator, bucket: Bucket) -> None:
    model = trained(bucket, IO.bounding_box, "CLOUD_HIGH_ACCURACY_1", prediction_type="object_detection")

    evaluation = model.get_model_evaluation()
    assert evaluation.metrics["evaluatedBoundingBoxCount"] == 4
    assert evaluation.metrics["boundingBoxMeanAveragePrecision"] == 1
    assert len(evaluation.metrics["boundingBoxMetrics"]) == 23
    assert evaluation.to_dict()["metricsSchemaUri"].endswith("/image_object_detection_metrics_1.0.0.yaml")
    first = predicted(bucket, model)[0]
    # The sides in the order of the service: x min, x max, y min, y max.
    assert (first["displayNames"], first["bboxes"]) == (["red"], [[0.1, 0.5, 0.2, 0.9]])


@pytest.mark.parametrize(
    ("import_schema", "kind", "formats"),
    [
        (
            IO.single_label_classification,
            "classification",
            {"tflite", "edgetpu-tflite", "tf-saved-model", "tf-js", "core-ml"},
        ),
        (IO.bounding_box, "object_detection", {"tflite", "tf-saved-model", "tf-js"}),
    ],
)
def test_an_edge_model_is_exported_in_every_format_that_it_offers(
    vertex: Emulator, bucket: Bucket, import_schema: str, kind: str, formats: set[str]
) -> None:
    model = trained(bucket, import_schema, "MOBILE_TF_VERSATILE_1", prediction_type=kind)

    assert set(model.supported_export_formats) == formats
    for name in formats:
        folder = model.export_model(name, artifact_destination="gs://bucket/models")["artifactOutputUri"]
        assert list(bucket.list_blobs(prefix=folder.removeprefix("gs://bucket/")))
    labels = next(blob for blob in bucket.list_blobs(prefix="models/") if blob.name.endswith("/dict.txt"))
    assert labels.download_as_text() == "blue\nred\n"


def test_an_edge_model_makes_no_batch_predictions(vertex: Emulator, bucket: Bucket) -> None:
    model = trained(bucket, IO.single_label_classification, "MOBILE_TF_VERSATILE_1")

    with pytest.raises(BadRequest, match="does not support batch prediction"):
        predicted(bucket, model)


def test_a_cloud_model_cannot_be_exported(vertex: Emulator, bucket: Bucket) -> None:
    model = trained(bucket, IO.single_label_classification, "CLOUD")

    with pytest.raises(ValueError, match="not exportable"):
        model.export_model("tflite", artifact_destination="gs://bucket/models")
    (job,) = aiplatform.AutoMLImageTrainingJob.list()
    assert job.to_dict()["trainingTaskMetadata"]["costMilliNodeHours"] == "8000"
