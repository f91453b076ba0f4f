"""How the server is set: by the environment, as Vertex AI sets up a container.

https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements#aip-variables
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import get_args

from ..errors import InputError
from ..prediction.reading import Reading

# What Vertex AI's endpoints let through, but for shared public ones (1.5 MB).
# https://cloud.google.com/vertex-ai/docs/predictions/choose-endpoint-type
_MAX_REQUEST_BYTES = 10 * 1024**2
# 4096 x 4096: less than batch prediction takes, as requests are answered beside one another. Each takes up to 0.5 GB.
_MAX_PIXELS = 4096 * 4096
_MOST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is served.

    Attributes:
        model: path or gs:// URI of the model, see `prediction.fetch`.
        reading: how an ONNX file without a model folder takes images.
        name: of the model in KServe's routes.
        host: address to listen at.
        port: to listen at.
        health_route: answers 200 when the server can predict, else 503; "" for KServe's route.
        predict_route: takes requests; "" for KServe's route.
        workers: requests that are predicted at the same time, each on one core; 0 for as many as there are cores.
        queue: requests that may wait for a worker; further ones are answered 429.
        max_request_bytes: larger requests are answered 413.
        max_instances: requests with more are answered 400.
        max_pixels: larger images are not decoded.
        body_seconds: how long a client may take to send a request.
        drain_seconds: how long requests under way may take after SIGTERM.
    """

    model: str
    reading: Reading = field(default_factory=Reading)
    name: str = "model"
    host: str = "0.0.0.0"
    port: int = 8080
    health_route: str = ""
    predict_route: str = ""
    workers: int = 0
    queue: int = 32
    max_request_bytes: int = _MAX_REQUEST_BYTES
    max_instances: int = 4096
    max_pixels: int = _MAX_PIXELS
    body_seconds: int = 20
    drain_seconds: int = 20

    def __post_init__(self) -> None:
        """Refuses what cannot work.

        Raises:
            InputError: a number is below what makes sense, or a route does not begin with a slash.
        """
        for each in fields(self):
            value = getattr(self, each.name)
            least = 0 if each.name in ("workers", "queue", "port") else 1
            if isinstance(value, int) and value < least:
                raise InputError(f"{each.name} {value} makes no sense: give a number from {least} on")
        if self.port > _MOST_PORT:
            raise InputError(f"port {self.port} is none: give a number from 0 (for a free one) to {_MOST_PORT}")
        for route in (self.health_route, self.predict_route):
            if route and not route.startswith("/"):
                raise InputError(f"the route {route!r} does not begin with /: give a path such as /predict")

    @property
    def model_route(self) -> str:
        """KServe's route of the model."""
        return f"/v1/models/{self.name}"


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a container.

    Args:
        environment: AIP_STORAGE_URI, AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE of Vertex AI's contract,
            and GRADUATE_ with the name of any other setting, or of a field of `Reading`, in capitals.

    Raises:
        InputError: the model is not named, or a value is not one.
    """
    of_vertex = {
        "model": "AIP_STORAGE_URI",
        "port": "AIP_HTTP_PORT",
        "health_route": "AIP_HEALTH_ROUTE",
        "predict_route": "AIP_PREDICT_ROUTE",
    }
    values = {}
    for each in fields(Settings):
        variable = of_vertex.get(each.name, f"GRADUATE_{each.name.upper()}")
        if text := environment.get(variable, ""):
            values[each.name] = _number(variable, text) if each.type is int else text
    if "model" not in values:
        raise InputError("AIP_STORAGE_URI is not set: give the path or the gs:// URI of a model in it")
    return Settings(**values, reading=_reading(environment))


def _reading(environment: Mapping[str, str]) -> Reading:
    given = {}
    for each in fields(Reading):
        variable, choices = f"GRADUATE_{each.name.upper()}", get_args(each.type)
        text = environment.get(variable, "")
        if text and choices and text not in choices:
            raise InputError(f"{variable} {text!r} is none of {', '.join(choice for choice in choices if choice)}")
        if text:
            given[each.name] = text
    return Reading(**given)


def _number(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{variable} {text!r} is no whole number") from None
