"""A Cloud Storage server of this machine that keeps preconditions, and fails now and then when told to.

It is gcp-storage-emulator, which ignores `ifGenerationMatch`, behind a handler that minds it
(https://cloud.google.com/storage/docs/request-preconditions).
"""

import io
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers.buckets import create_bucket
from gcp_storage_emulator.server import Request, RequestHandler, Router
from gcp_storage_emulator.storage import Storage

# What goes wrong, before or after the request had its effect.
_FAULTS = ("503 before", "503 after", "dropped before", "dropped after")


class StorageServer:
    """The server's state.

    Attributes:
        address: of the server, for STORAGE_EMULATOR_HOST.
        faults: how many there have been of each kind.
    """

    def __init__(self, share_of_faults: float, seed: int, bucket: str) -> None:
        self.faults: Counter[str] = Counter()
        self.address = ""
        self._share, self._random = share_of_faults, random.Random(seed)
        self._storage = Storage(use_memory_fs=True)
        if bucket:
            create_bucket(bucket, self._storage)
        self._one_at_a_time = threading.Lock()

    def wipe(self) -> None:
        """Removes all buckets."""
        self._storage.wipe()

    def answer(self, handler: RequestHandler) -> None:
        """Handles one request, wholly or as a fault has it."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._one_at_a_time:
            fault = self._fault()
            reply = b"" if fault.endswith("before") else self._reply(handler, body)
        if fault.startswith("503"):
            reply = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        if fault.startswith("dropped"):
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            handler.wfile.write(reply)

    def _fault(self) -> str:
        if self._random.random() >= self._share:
            return ""
        fault = self._random.choice(_FAULTS)
        self.faults[fault] += 1
        return fault

    def _reply(self, handler: RequestHandler, body: bytes) -> bytes:
        network, handler.wfile = handler.wfile, io.BytesIO()
        try:
            handler.rfile = io.BytesIO(body)
            if self._may_write(handler):
                handler.rfile = io.BytesIO(body)
                Router(handler).handle(handler.command)
            else:
                _refuse(handler)
            return handler.wfile.getvalue()
        finally:
            handler.wfile = network

    def _may_write(self, handler: RequestHandler) -> bool:
        """Whether the object has the generation that an upload asks for, where 0 is that of none."""
        url = urlparse(handler.path)
        query = parse_qs(url.query)
        if handler.command != "POST" or "ifGenerationMatch" not in query or "uploadType" not in query:
            return True
        bucket = unquote(url.path.split("/b/")[1].split("/")[0])
        return str(self._generation(bucket, _object_name(handler, query))) == query["ifGenerationMatch"][0]

    def _generation(self, bucket: str, name: str) -> Any:
        try:
            return self._storage.get_file_obj(bucket, name)["generation"]
        except NotFound:
            return 0

    def handler(self) -> Any:
        """What `http.server` makes of each connection."""
        return partial(_Handler, self, self._storage)


class _Handler(RequestHandler):
    def __init__(self, server: StorageServer, *arguments: Any) -> None:
        self._state = server
        super().__init__(*arguments)

    def _answer(self) -> None:
        self._state.answer(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 (names that http.server looks for)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: clients that are killed leave broken connections."""


@contextmanager
def serving(share_of_faults: float = 0.0, seed: int = 0, bucket: str = "") -> Iterator[StorageServer]:
    """Runs the server.

    Args:
        share_of_faults: of the requests, 0..1, that meet a 503 or a dropped connection, before or after their effect.
        seed: of the faults.
        bucket: that there is from the start; "" for none.
    """
    state = StorageServer(share_of_faults, seed, bucket)
    with _Server(("127.0.0.1", 0), state.handler()) as server:
        state.address = f"http://127.0.0.1:{server.server_address[1]}"
        # It looks so often whether it is to stop; by default it takes half a second.
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield state
        server.shutdown()


def _object_name(handler: RequestHandler, query: dict[str, list[str]]) -> str:
    if "name" in query:
        return query["name"][0]
    data: Any = Request(handler, "POST").data
    return data["meta"]["name"] if "meta" in data else data["name"]


def _refuse(handler: RequestHandler) -> None:
    reply = json.dumps(
        {"error": {"code": 412, "message": "At least one of the pre-conditions you specified did not hold."}}
    )
    handler.send_response(HTTPStatus.PRECONDITION_FAILED)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(reply)))
    handler.end_headers()
    handler.wfile.write(reply.encode())
