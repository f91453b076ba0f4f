"""What batch prediction jobs write, in both namings.

Containers and tables: `prediction.results-NNNNN-of-NNNNN` and `prediction.errors_stats-NNNNN-of-NNNNN`; AutoML's models
of images: `predictions_NNNNN.jsonl` and `errors_NNNNN.jsonl`. A line is {"instance" or "key", "prediction" or "error"}:
https://docs.cloud.google.com/gemini-enterprise-agent-platform/reference/rest/Shared.Types/PredictionResult
Of requests that failed as a whole, `errors_stats` has the message and how many instances it was said of, not of which:
https://docs.cloud.google.com/vertex-ai/docs/general/troubleshooting#exceeded_retries_error
"""

import json
from collections.abc import Iterator
from typing import Any

from ..data import storage
from ..models.predictions import Prediction


def result_lines(folder: str) -> Iterator[dict[str, Any]]:
    """The lines that are of an instance, in whichever file and order; see `all_lines`."""
    return (line for line in all_lines(folder) if isinstance(line, dict))


def all_lines(folder: str) -> Iterator[dict[str, Any] | str]:
    """The lines that are of an instance, and the text of the others: what is said of requests that failed as a whole.

    Args:
        folder: gs:// URI, the job's `gcsOutputDirectory`.
    """
    for uri in storage.list_files(folder):
        with storage.open_binary(uri) as lines:
            for line in filter(None, map(bytes.strip, lines)):
                yield _record(line) or line.decode(errors="replace")


def answer(prediction: dict[str, Any]) -> Prediction:
    """The prediction of a model in the shape of `models.predictions`.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models#predictschemata: tables have
    `classes` and `scores`, or `value`; images `displayNames`, `confidences` and `bboxes`. The service writes JSON anew:
    its keys come in any order, and whole numbers lose their `.0`.
    """
    if "value" in prediction:
        return {"value": float(prediction["value"])}
    names, confidences = ("classes", "scores") if "classes" in prediction else ("displayNames", "confidences")
    values = {"displayNames": prediction[names], "confidences": map(float, prediction[confidences])}
    if "bboxes" in prediction:
        values["bboxes"] = [list(map(float, box)) for box in prediction["bboxes"]]
    # The surest first; equal ones stay in their order.
    ranked = sorted(zip(*values.values(), strict=True), key=lambda one: -one[1])
    ordered: Any = {name: [one[place] for one in ranked] for place, name in enumerate(values)}
    return ordered


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    is_of_instance = isinstance(record, dict) and ("key" in record or isinstance(record.get("instance"), dict))
    return record if is_of_instance else None
