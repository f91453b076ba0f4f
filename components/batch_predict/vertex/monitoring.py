"""Model monitoring of a batch: the service compares the rows with those that the model was trained on.

Only in the API's version v1beta1, of registered models of tables, and from results that repeat the instances:
https://cloud.google.com/vertex-ai/docs/model-monitoring/model-monitoring-batch-predictions
"""

import json
from typing import Any

from google.cloud.aiplatform_v1beta1 import types

from ...data import storage
from ...errors import InputError
from ...prediction.predictor import Predictor
from .settings import VertexBatchSettings

# The service's own, of the distance between two distributions (Jensen-Shannon or L-infinity).
_THRESHOLD = 0.3
_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".tfrecord": "tf-record"}


def monitoring_config(
    settings: VertexBatchSettings, predictor: Predictor | None, folder: str
) -> types.ModelMonitoringConfig | None:
    """What the service is to watch for; None where nothing was asked for.

    Args:
        settings: `monitoring_data`, `monitoring_target` and `monitoring_emails`.
        predictor: the model, which names the columns.
        folder: gs:// URI for the schema of the rows, and for what the service finds.

    Raises:
        InputError: the service does not monitor such a model, or the data are not such that it reads.
    """
    if not settings.monitoring_data:
        return None
    described: Any = predictor.input if predictor else {"kind": ""}
    if described["kind"] != "columns" or not settings.model:
        raise InputError("vertex_monitoring_data is given, but Vertex AI monitors registered models of tables alone.")
    ending = next((each for each in _FORMATS if settings.monitoring_data.endswith(each)), None)
    if ending is None or not storage.is_remote(settings.monitoring_data):
        raise InputError(
            f"vertex_monitoring_data is {settings.monitoring_data!r}: give a gs:// URI that ends in "
            f"{', '.join(_FORMATS)}."
        )
    schema = f"{folder}/instance.json"  # YAML has JSON in it
    storage.write_bytes(schema, json.dumps(_schema(described["columns"])).encode())
    objective = types.ModelMonitoringObjectiveConfig(
        training_dataset=types.ModelMonitoringObjectiveConfig.TrainingDataset(
            gcs_source=types.GcsSource(uris=[settings.monitoring_data]),
            data_format=_FORMATS[ending],
            target_field=settings.monitoring_target,
        ),
        training_prediction_skew_detection_config={"default_skew_threshold": {"value": _THRESHOLD}},
    )
    emails = [each.strip() for each in settings.monitoring_emails.split(",") if each.strip()]
    return types.ModelMonitoringConfig(
        objective_configs=[objective],
        alert_config={"email_alert_config": {"user_emails": emails}} if emails else None,
        analysis_instance_schema_uri=schema,
        stats_anomalies_base_directory=types.GcsDestination(output_uri_prefix=f"{folder}/monitoring"),
    )


def _schema(columns: list[dict[str, Any]]) -> dict[str, Any]:
    """Of a row, in OpenAPI 3.0: https://cloud.google.com/vertex-ai/docs/model-monitoring/schemas"""
    kinds = {"string": "string", "float32": "number"}
    properties = {each["name"]: {"type": kinds[each["dtype"]], "nullable": True} for each in columns}
    return {"type": "object", "properties": properties}
