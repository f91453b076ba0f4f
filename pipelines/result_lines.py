"""Result files of whatever predicted images, read line by line to one shape.

ours              prediction.results-NNNNN-of-NNNNN, .parquet too: {"key", "instance", "prediction"}
Vertex AI         prediction.results-NNNNN-of-NNNNN, predictions_NNNNN.jsonl: {"instance", "prediction"}
a model folder's  predictions/SPLIT.jsonl: {"id", "prediction"}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ..components.batch_predict.parquet import from_parquet
from ..components.data import storage
from ..components.errors import InputError
from ..components.reports.pictures import PredictedBox, predicted_boxes


@dataclass(frozen=True)
class ResultLine:
    """One prediction.

    Attributes:
        place: file and line.
        key: what the picture is called.
        instance: what the line says of the picture; empty where nothing.
        prediction: as it stands there.
    """

    place: str
    key: str
    instance: Mapping[str, Any]
    prediction: Mapping[str, Any]

    def boxes(self, min_confidence: float) -> list[PredictedBox] | None:
        """The boxes, surest first, or None where the prediction has labels alone.

        Raises:
            InputError: it has neither.
        """
        try:
            if "detection_boxes" in self.prediction:
                return predicted_boxes(_of_tensors(self.prediction), min_confidence)
            return predicted_boxes(self.prediction, min_confidence) if "bboxes" in self.prediction else None
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{self.place}: the boxes, labels and confidences do not belong together") from None

    def labels(self, min_confidence: float) -> list[tuple[str, float]]:
        """The labels with their confidences, surest first; the surest one however unsure it is.

        Raises:
            InputError: it has none.
        """
        try:
            pairs = zip(self.prediction["displayNames"], self.prediction["confidences"], strict=True)
            ranked = sorted(((str(label), float(sure)) for label, sure in pairs), key=lambda pair: -pair[1])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{self.place}: neither boxes nor labels with confidences are predicted") from None
        return [pair for pair in ranked if pair[1] >= min_confidence] or ranked[:1]


def read_results(location: str) -> Iterator[ResultLine]:
    """Yields the predictions of a result file, or of a folder of them; lines of errors are passed over.

    Args:
        location: path or gs:// URI.

    Raises:
        InputError: it cannot be read, holds no results, or has a line that is none.
    """
    try:
        for file in _result_files(location):
            yield from _read(file)
    except OSError as error:
        raise InputError(f"the results {location} cannot be read: {error}") from error


def _result_files(location: str) -> list[str]:
    there = storage.list_files(location)
    if not there:
        return [location]
    named = [file for file in there if storage.file_name(file).startswith(("prediction.results", "predictions_"))]
    files = named or [file for file in there if file.endswith(".jsonl")]
    if not files:
        raise InputError(f"{location} holds no results: neither prediction.results-* nor files .jsonl")
    return files


def _read(file: str) -> Iterator[ResultLine]:
    if file.endswith(".parquet"):
        for number, line in enumerate(from_parquet(storage.read_bytes(file)), 1):
            yield _result(line, f"{file}, row {number}")
        return
    with storage.open_binary(file) as lines:
        for number, text in enumerate(lines, 1):
            place = f"{file}, line {number}"
            try:
                line = orjson.loads(text) if text.strip() else None
            except orjson.JSONDecodeError as error:
                raise InputError(f"{place}: no result, as it is not JSON: {error}") from None
            if line is None or (isinstance(line, dict) and "error" in line):
                continue
            yield _result(line, place)


def _result(line: Any, place: str) -> ResultLine:
    instance = (line.get("instance") or {}) if isinstance(line, dict) else None
    if isinstance(instance, str):
        instance = {"content": instance}
    if not isinstance(instance, dict) or not isinstance(line.get("prediction"), dict):
        raise InputError(f'{place}: no result, which is a line {{"key": ..., "instance": ..., "prediction": ...}}')
    keys = (line.get("key"), line.get("id"), instance.get("key"), _uri(instance), instance.get("source"))
    return ResultLine(place, str(next((key for key in keys if key), place)), instance, line["prediction"])


def _uri(instance: Mapping[str, Any]) -> str:
    """Where the picture is; "" where it is in the line itself, which no name is made of."""
    content = str(instance.get("content", ""))
    return content if len(content) < 1024 else ""


def _of_tensors(prediction: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a container of the TF Object Detection API in the shape of Vertex AI.

    https://cloud.google.com/vertex-ai/docs/export/export-edge-model#object-detection-output
    """
    count = int(prediction.get("num_detections", len(prediction["detection_scores"])))
    names = prediction.get("detection_classes_as_text") or [f"{number:g}" for number in prediction["detection_classes"]]
    return {
        "displayNames": names[:count],
        "confidences": prediction["detection_scores"][:count],
        "bboxes": [[xmin, xmax, ymin, ymax] for ymin, xmin, ymax, xmax in prediction["detection_boxes"][:count]],
    }
