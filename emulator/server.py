"""The emulator as an HTTP server."""

import json
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from .clock import Clock
from .errors import ApiError, not_built
from .faults import Fault, Faults, Request
from .kinds import Shared
from .logging_entries import LogEntries
from .resources import Resources
from .routes import Routes


class Emulator:
    """A server on this machine that speaks Vertex AI's REST interface, running while its context is open.

    Args:
        port: where it listens, on 127.0.0.1 only; 0 for a free one.
        clock: the time in which jobs go on; by default every request that reads is a second.

    Attributes:
        clock: to move on by hand.
        faults: what shall go wrong.
        resources: what was created.
        logs: what Cloud Logging has.
        requests: what was asked, oldest first.
    """

    def __init__(self, port: int = 0, clock: Clock | None = None) -> None:
        shared = Shared(clock or Clock())
        self._routes = Routes(shared)
        self.clock: Clock = shared.clock
        self.faults: Faults = shared.faults
        self.resources: Resources = shared.resources
        self.logs: LogEntries = self._routes.logs
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        # Looked at often whether to stop, as tests start and stop many.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def endpoint(self) -> str:
        """The server's address, to give as `api_endpoint`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, method: str, ending: str) -> list[Request]:
        """The requests of a method whose paths end so, oldest first."""
        return [request for request in self.requests if request.method == method and request.path.endswith(ending)]

    def answer(self, request: Request, body: bytes) -> dict[str, Any] | None:
        """The JSON that answers a request, after the faults that were ordered for it; None to close the connection.

        Raises:
            ApiError: the request is refused.
        """
        with self.clock.lock:
            self.requests.append(request)
            fault = self.faults.of_request(request.method, request.path) or Fault("", "", HTTPStatus.OK)
        time.sleep(fault.seconds)
        with self.clock.lock:
            true_answer = {}
            if fault.after or fault.status == HTTPStatus.OK:
                true_answer = self._routes.answer(request.method, request.path, request.query, body)
        if fault.refusal:
            raise fault.refusal
        return None if fault.status is None else true_answer


def _handler(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_DELETE(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _answer(self, body: bytes) -> None:
            url = urlsplit(self.path)
            request = Request(self.command, unquote(url.path), dict(parse_qsl(url.query)), _json(body))
            try:
                status, reply = HTTPStatus.OK, emulator.answer(request, body)
            except ApiError as error:
                status, reply = error.status, error.as_json()
            except Exception:
                # Not a status that clients would retry.
                error = not_built(f"The emulator broke:\n{traceback.format_exc()}")
                status, reply = error.status, error.as_json()
            if reply is None:
                return
            request.status = int(status)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the caller sees every answer."""

    return Handler


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        return {}
