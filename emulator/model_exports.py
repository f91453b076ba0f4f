"""The files of an exported model: placeholders, under the names that the service gives them."""

import json
from datetime import UTC, datetime

from google.cloud.aiplatform_v1 import types

from . import bucket
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


def write_export(model: types.Model, trained: Trained, wanted: types.ExportModelRequest.OutputConfig) -> str:
    """Writes a model into the bucket.

    Args:
        model: to export.
        trained: what it has learned.
        wanted: format and place.

    Returns:
        URI of the folder.
    """
    made = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    prefix = wanted.artifact_destination.output_uri_prefix.rstrip("/")
    folder = f"{prefix}/model-{model.name.rpartition('/')[2]}/{wanted.export_format_id}/{made}"
    for file in _EDGE_FILES[wanted.export_format_id] if trained.images else _TABLE_FILES:
        labels = "".join(f"{label}\n" for label in trained.labels)
        content = labels if file == "dict.txt" else json.dumps({"emulated": model.name, "file": file})
        bucket.write(f"{folder}/{file}", content)
    return folder
