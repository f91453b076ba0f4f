"""Models that are served by a container: the one of this library, whose server runs as a process of this machine.

https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from google.cloud.aiplatform_v1 import types

from .checks import Checks
from .errors import ApiError, not_built, not_now

# Whatever the registry, and by digest, tag or neither.
_IMAGE = re.compile(r"\S+/predict(@sha256:[0-9a-f]{64}|:[\w.-]+)?")
_COMMAND = ["python", "-m", "graduate.components.online"]
_STARTS_WITHIN_SECONDS = 60.0
_ANSWERS_WITHIN_SECONDS = 600.0


class RequestFailedError(Exception):
    """A container has not answered a request with predictions."""


@dataclass(frozen=True)
class Container:
    """A running container.

    Attributes:
        address: of its server.
        spec: as it was given.
    """

    address: str
    spec: types.ModelContainerSpec

    def predict(self, instances: Sequence[Any], parameters: Any) -> list[Any]:
        """The predictions of instances.

        Raises:
            RequestFailedError: there are none.
        """
        body = {"instances": list(instances), **({"parameters": parameters} if parameters else {})}
        url, headers = f"{self.address}{self.spec.predict_route}", {"Content-Type": "application/json"}
        try:
            with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=_ANSWERS_WITHIN_SECONDS) as answer:
                predictions = json.load(answer).get("predictions")
        except HTTPError as error:
            raise RequestFailedError(non_ok(error.code, error.read().decode(errors="replace"))) from None
        except (OSError, ValueError) as error:
            raise RequestFailedError(f"Exceeded retries: {error}") from None
        if not isinstance(predictions, list) or len(predictions) != len(instances):
            raise RequestFailedError(f"Predictions are not in the response. Got: {predictions!r:.200}")
        return predictions


def non_ok(status: int, body: str) -> str:
    """The service's words for a refusal of a container."""
    return f"Exceeded retries: Non-OK result {status} ({body}) from server, retry=3, elapsed=1.00s."


def check_container(checks: Checks, spec: types.ModelContainerSpec, artifact_uri: str) -> None:
    """Checks what a model with a container is uploaded with.

    Raises:
        ApiError: it is one that the emulator cannot run.
    """
    checks.required("container_spec.image_uri", spec.image_uri)
    checks.in_bucket("artifact_uri", artifact_uri)
    for field in ("predict_route", "health_route"):
        route = getattr(spec, field)
        checks.that(not route or route.startswith("/"), f"container_spec.{field}", "Must start with a slash.")
    if spec.image_uri and (not _IMAGE.fullmatch(spec.image_uri) or [*spec.command, *spec.args] != _COMMAND):
        raise not_built(
            f"The emulator runs no containers; it knows the server of an image named predict, started with "
            f"{' '.join(_COMMAND)}, and not {spec.image_uri} with {' '.join([*spec.command, *spec.args]) or 'nothing'}."
        )


@contextmanager
def running(spec: types.ModelContainerSpec, artifact_uri: str) -> Iterator[Container]:
    """Starts a container, waits until it is healthy, and stops it at the end.

    Raises:
        ApiError: it ends or does not get healthy.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        **{each.name: each.value for each in spec.env},
        "AIP_HTTP_PORT": str(port),
        "AIP_HEALTH_ROUTE": spec.health_route,
        "AIP_PREDICT_ROUTE": spec.predict_route,
        "AIP_STORAGE_URI": artifact_uri,
    }
    container = Container(f"http://127.0.0.1:{port}", spec)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, *_COMMAND[1:]], env=environment, stdout=log, stderr=log)
        try:
            _wait_until_healthy(process, container, log)
            yield container
        finally:
            process.terminate()
            process.wait()


def _wait_until_healthy(process: subprocess.Popen[bytes], container: Container, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{container.address}{container.spec.health_route}", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise _not_healthy(process.poll(), log)


def _not_healthy(exit_code: int | None, log: IO[bytes]) -> ApiError:
    log.seek(0)
    said = log.read().decode(errors="replace")[-2000:]
    what = "never became ready" if exit_code is None else f"terminated: exit_code: {exit_code}"
    return not_now(f"Model server {what}, reason: Error. It said: {said}")
