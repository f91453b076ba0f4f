"""`graduate predict`: what the server would answer for a few instances."""

import codecs
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
from cyclopts import Parameter

from ..components.errors import InputError
from ..components.online.errors import RequestError
from ..components.online.model import ServedModel, load
from ..components.online.settings import Settings
from ..components.prediction.reading import Reading
from .terminal import Terminal

# Labels or boxes of an instance that are shown in the table.
_SHOWN = 10
_STDIN = "-"
_COLUMNS = ("instance", "prediction", "confidence", "left  top   right bottom")


def predict(
    model: str,
    /,
    *files: str,
    local: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    confidence_threshold: float = 0.0,
    max_predictions: int = 0,
    reading: Annotated[Reading, Parameter(name="*")] = Reading(),  # noqa: B008  (it cannot be changed)
) -> None:
    """Predict two or three instances, by the very code that the server answers with: to check a model before deploying.

    Args:
        model: path or gs:// URI of a model folder or an ONNX file.
        files: image files; JSON files with an instance or with a request, {"instances": [...]}; - for standard input.
        local: on this machine, which has to be said: endpoints are asked with gcloud ai endpoints predict.
        json: print the server's answer, {"predictions": [...]}, and no table.
        confidence_threshold: labels and boxes less sure than this are left out; 0..1.
        max_predictions: the most labels or boxes of an instance that are kept, the surest; 0 for all.
        reading: how an ONNX file takes images.
    """
    if not local:
        raise InputError(
            "give --local to predict on this machine; an endpoint is asked with gcloud ai endpoints predict"
        )
    if not files:
        raise InputError("give an image or a JSON file, or - for standard input")
    settings = Settings(model=model, reading=reading)
    parameters = {"confidence_threshold": confidence_threshold, "max_predictions": max_predictions}
    requests = {name: _request(name, parameters, settings.max_request_bytes) for name in files}
    served = _load(settings)
    named = [pair for name, request in requests.items() for pair in _answers(served, request, name)]
    if json:
        print(orjson.dumps({"predictions": [prediction for _, prediction in named]}).decode())
    else:
        rows = _rows(named)
        width = 4 if any(row[-1] for row in rows) else 3
        Terminal().table(_COLUMNS[:width], [row[:width] for row in rows])
    failed = [f"{name}: {prediction['error']['message']}" for name, prediction in named if "error" in prediction]
    if failed:
        raise InputError(f"{len(failed)} of {len(named)} failed; {failed[0]}")


def _load(settings: Settings) -> ServedModel:
    try:
        return load(settings)
    except InputError:
        raise
    except Exception as error:  # whatever onnxruntime raises when a made-up instance is tried
        raise InputError(f"{settings.model} cannot predict: {error}") from error


def _request(name: str, parameters: Mapping[str, Any], most: int) -> bytes:
    """The body of a request for what is in a file; in one that is a request already its own parameters hold."""
    try:
        data = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error}") from error
    request = orjson.dumps({"parameters": parameters, **_instances(name, data)})
    if len(request) > most:
        raise InputError(f"{name}: a request with it has {len(request):,} bytes, and at most {most:,} are served")
    return request


def _instances(name: str, data: bytes) -> dict[str, Any]:
    data = data.removeprefix(codecs.BOM_UTF8)
    if data.lstrip()[:1] not in (b"{", b"["):
        return {"instances": [{"b64": b64encode(data).decode()}]}
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{name} is neither an image nor JSON: {error}") from None
    is_request = isinstance(content, dict) and "instances" in content
    return content if is_request else {"instances": [content]}


def _answers(served: ServedModel, request: bytes, name: str) -> list[tuple[str, dict[str, Any]]]:
    """The predictions of a request, each with a name for its instance."""
    try:
        predictions = orjson.loads(served.answer(request).body)["predictions"]
    except RequestError as error:
        raise InputError(f"{name}: {error}") from error
    name = "standard input" if name == _STDIN else Path(name).name
    if len(predictions) == 1:
        return [(name, predictions[0])]
    return [(f"{name}, {number}", prediction) for number, prediction in enumerate(predictions, 1)]


def _rows(named: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, ...]]:
    """Rows of the table: the instance's name stands in its first row alone."""
    rows = []
    for name, prediction in named:
        for place, cells in enumerate(_cells(prediction)):
            rows.append(("" if place else name, *cells))
    return rows


def _cells(prediction: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    if "error" in prediction:
        return [(f"error: {prediction['error']['message']}", "", "")]
    if "value" in prediction:
        return [(f"{prediction['value']:.6g}", "", "")]
    if "outputs" in prediction:
        return [(f"{name} {_excerpt(values)}", "", "") for name, values in prediction["outputs"].items()]
    names, confidences = prediction["displayNames"], prediction["confidences"]
    boxes = prediction.get("bboxes") or [None] * len(names)
    cells = [
        (label, f"{confidence:.3f}", _corners(box))
        for label, confidence, box in zip(names, confidences, boxes, strict=True)
    ]
    if not cells:
        return [("nothing", "", "")]
    more = [(f"and {len(cells) - _SHOWN} more", "", "")] if len(cells) > _SHOWN else []
    return cells[:_SHOWN] + more


def _corners(box: Sequence[float] | None) -> str:
    if not box:
        return ""
    xmin, xmax, ymin, ymax = box
    return f"{xmin:.3f} {ymin:.3f} {xmax:.3f} {ymax:.3f}"


def _excerpt(values: Any) -> str:
    text = orjson.dumps(values).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
