"""The routes of the server (ASGI)."""

import asyncio
import time
from http import HTTPStatus
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from .errors import RequestError, error_body
from .log import log_request
from .metrics import Metrics
from .request import read_body
from .service import Service
from .settings import Settings

# nginx's code for a client that went before it was answered: it is counted, nobody reads it.
_CLIENT_GONE = 499


class Handlers:
    """What answers each route."""

    def __init__(self, service: Service, settings: Settings) -> None:
        """Takes the model to be."""
        self._service, self._settings = service, settings
        self._metrics = Metrics(lambda: service.in_flight, lambda: service.waiting)

    async def predict(self, request: Request) -> Response:
        """Predictions for the instances of a request; whatever it is, it is counted and logged."""
        started, code, answer = time.perf_counter(), int(HTTPStatus.INTERNAL_SERVER_ERROR), None
        try:
            with self._service.place() as model:
                data = await read_body(request, self._settings)
                answer = await self._service.answer(model, data, request.is_disconnected)
            code = int(HTTPStatus.OK)
            return Response(answer.body, media_type="application/json")
        except RequestError as error:
            code = int(error.status)
            return _json(error_body(code, error.message), code, error.headers)
        except ClientDisconnect:
            code = _CLIENT_GONE
            return Response()
        except asyncio.CancelledError:  # the drain has lasted too long
            code = int(HTTPStatus.SERVICE_UNAVAILABLE)
            raise
        finally:
            seconds = time.perf_counter() - started
            predicted, failed = (answer.predicted, answer.failed) if answer else (0, 0)
            self._metrics.request(code, seconds)
            self._metrics.instances(predicted, failed)
            log_request(request.method, request.url.path, code, seconds, predicted, failed)

    async def health(self, request: Request) -> Response:
        """Whether requests are answered, in the words of KServe's protocol."""
        is_ready = self._service.is_ready
        code = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json({"name": self._settings.name, "ready": is_ready}, code)

    async def models(self, request: Request) -> Response:
        """The models that are served (KServe)."""
        return _json({"models": [self._settings.name]})

    async def metrics(self, request: Request) -> Response:
        """Counts for Prometheus."""
        return Response(self._metrics.text(), headers={"Content-Type": self._metrics.content_type})


def application(service: Service, settings: Settings) -> Starlette:
    """The server's application.

    Vertex AI's routes, those of KServe's V1 protocol, and /metrics.
    https://kserve.github.io/website/docs/concepts/architecture/data-plane/v1-protocol
    """
    handlers = Handlers(service, settings)
    predict = {settings.predict_route, f"{settings.model_route}:predict"} - {""}
    health = {settings.health_route, settings.model_route} - {""}
    routes = [Route(path, handlers.predict, methods=["POST"]) for path in predict]
    routes += [Route(path, handlers.health, methods=["GET"]) for path in health]
    routes += [Route("/v1/models", handlers.models, methods=["GET"])]
    routes += [Route("/metrics", handlers.metrics, methods=["GET"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _failed})


async def _refused(request: Request, error: Exception) -> Response:
    """An unknown route, or a method that it has not."""
    if not isinstance(error, HTTPException):
        raise error
    return _json(error_body(error.status_code, error.detail), error.status_code, dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> Response:
    """What must not happen: the stack trace is in the log, not in the answer."""
    code = HTTPStatus.INTERNAL_SERVER_ERROR
    return _json(error_body(code, "the server failed: see its log"), code)


def _json(body: dict[str, Any], code: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), code, headers, "application/json")
