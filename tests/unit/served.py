"""A real server in a process of its own, for tests of online prediction."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = ["python", "-m", "graduate.components.online"]
PREDICT, HEALTH = "/v1/models/model:predict", "/v1/models/model"


class Served:
    """A running server."""

    def __init__(self, process: subprocess.Popen, log: Path) -> None:
        self.process, self._log = process, log
        self.port = int(wait_for(lambda: re.search(r"running on http://[\d.]+:(\d+)", self.log))[1])

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer; `body` may be bytes, or an iterator of them to be sent in chunks."""
        status, content, _ = self.ask_fully(method, path, body, **headers)
        return status, json.loads(content)

    def ask_fully(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def predict(self, *instances: Any, **parameters: Any) -> list[Any]:
        body = {"instances": instances} | ({"parameters": parameters} if parameters else {})
        status, answer = self.ask("POST", PREDICT, body)
        assert status == 200, answer
        return answer["predictions"]

    def half_a_request(self, body: bytes, in_flight: int = 1) -> socket.socket:
        """A connection on which the first half of a request was sent, and was taken in, as the so manyth."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body[: len(body) // 2])
        wait_for(lambda: f"in_flight {in_flight:.1f}" in self.metrics())
        return connection

    def metrics(self) -> str:
        return self.ask_fully("GET", "/metrics")[1].decode()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def served(
    folder: Path, model: Path | str, ready: bool = True, command: Sequence[str] = COMMAND, **env: str
) -> Iterator[Served]:
    """Serves a model at a free port; `env` are the settings of a container."""
    log = folder / f"log-{time.monotonic_ns()}.txt"
    settings = {"AIP_STORAGE_URI": str(model), "AIP_HTTP_PORT": "0", "GRADUATE_WORKERS": "1", **env}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command[1:]], env={**os.environ, **settings}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        server = Served(process, log)
        if ready:
            wait_for(lambda: '"message": "ready"' in server.log)
        yield server
    finally:
        process.kill()
        process.wait()


def wait_for(what, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


def read_answer(connection: socket.socket) -> tuple[int, Any]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, json.loads(answer.read())
