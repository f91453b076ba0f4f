"""The emulator's REST interface, in the paths and the JSON of the service (https://aiplatform.googleapis.com/$discovery/rest)."""

import json
import re
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import proto

from .resources import ApiError, Resources

_PATH = re.compile(
    r"/v1/(?P<parent>projects/[^/]+/locations/[^/]+)/(?P<collection>pipelineJobs|schedules)(?P<id>/[^/]+)?"
)


class Emulator:
    """A server on a free port of this machine, running while its context is open."""

    def __init__(self) -> None:
        self.resources = Resources()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.resources))
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


def _handler(resources: Resources) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            try:
                status, reply = HTTPStatus.OK, _route(resources, self.command, self.path, body)
            except ApiError as error:
                status = error.status
                reply = {"error": {"code": status, "message": error.message, "status": error.reason}}
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: the caller sees every answer."""

    return Handler


def _route(resources: Resources, method: str, target: str, body: bytes) -> dict[str, Any]:
    url = urlsplit(target)
    path = _PATH.fullmatch(url.path)
    if not path or (method == "POST" and path["id"]):
        raise ApiError(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"The emulator has no {method} {url.path}.")
    parent, collection = path["parent"], path["collection"]
    if method == "POST":
        resource_id = parse_qs(url.query).get("pipelineJobId", [""])[0]
        return _as_json(resources.create(parent, collection, body, resource_id))
    if path["id"]:
        return _as_json(resources.get(f"{parent}/{collection}{path['id']}"))
    return {collection: [_as_json(resource) for resource in resources.all(parent, collection)]}


def _as_json(resource: proto.Message) -> dict[str, Any]:
    return json.loads(type(resource).to_json(resource))
