"""The body of a request: read within limits, and understood.

{"instances": [...], "parameters": {"confidence_threshold": 0.5, "max_predictions": 10}}
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request

from .errors import RequestError
from .settings import Settings

# As Vertex AI's own models spell them.
_SPELLINGS = {"confidenceThreshold": "confidence_threshold", "maxPredictions": "max_predictions"}


@dataclass(frozen=True)
class Body:
    """What is asked for.

    Attributes:
        instances: what is to be predicted, not yet looked at.
        confidence_threshold: labels and boxes less sure than this are left out; 0..1.
        max_predictions: the most of them that are kept; 0 for all.
    """

    instances: list[Any]
    confidence_threshold: float = 0.0
    max_predictions: int = 0


async def read_body(request: Request, settings: Settings) -> bytes:
    """The bytes of a request, of which no more are kept than may be.

    Raises:
        RequestError: they are too many (413), or come too slowly (408).
        ClientDisconnect: the client has gone.
    """
    most = settings.max_request_bytes
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise _too_large(most)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise _too_large(most)
                chunks.append(chunk)
    except TimeoutError:
        message = f"the request was not sent within {settings.body_seconds} s"
        raise RequestError(HTTPStatus.REQUEST_TIMEOUT, message, {"Connection": "close"}) from None
    return b"".join(chunks)


def understand(data: bytes, max_instances: int) -> Body:
    """What the bytes of a request ask for.

    Raises:
        RequestError: they are no JSON, have no instances or too many, or a parameter is unknown or out of range.
    """
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _bad(f"the body is no JSON: {error}") from None
    if not isinstance(given, dict) or not isinstance(given.get("instances"), list):
        raise _bad('the body has no list of instances: give {"instances": [...]}')
    instances, parameters = given["instances"], given.get("parameters")
    if len(instances) > max_instances:
        raise _bad(f"{len(instances):,} instances: give at most {max_instances:,} in a request")
    if parameters is not None and not isinstance(parameters, dict):
        raise _bad('parameters is no object: give {"confidence_threshold": ..., "max_predictions": ...}')
    return Body(instances, **_parameters(parameters or {}))


def _parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    named = {_SPELLINGS.get(name, name): value for name, value in given.items()}
    if len(named) < len(given):
        raise _bad("a parameter is given in two spellings: give it once")
    for name, value in named.items():
        match name:
            case "confidence_threshold":
                is_good, wanted = _is_number(value) and 0 <= value <= 1, "a number from 0 to 1"
            case "max_predictions":
                is_good, wanted = _is_number(value) and _is_count(value), "a whole number from 0 (for all) on"
            case _:
                raise _bad(f"parameter {name[:40]!r} is unknown: there are confidence_threshold and max_predictions")
        if not is_good:
            raise _bad(f"parameter {name} is no good: give {wanted}")
    # Numbers come as floats from clients that have no others, such as protobuf's Struct.
    return {name: int(value) if name == "max_predictions" else float(value) for name, value in named.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: float) -> bool:
    return value >= 0 and float(value).is_integer()


def _too_large(most: int) -> RequestError:
    return RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the request is larger than {most:,} bytes")


def _bad(message: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, message)
