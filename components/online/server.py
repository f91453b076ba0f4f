"""The process: uvicorn with a drain, and without endless patience for slow clients."""

import asyncio
import logging
import os
import sys
from types import FrameType
from typing import NoReturn

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import BAD_INPUT_EXIT_CODE, FinalError
from .app import application
from .log import log, log_as_json
from .service import Service
from .settings import Settings

# A request's head, and what a client still sends after it was answered.
_HEAD_SECONDS = 10
# Longer than load balancers keep connections, which otherwise use one that is just being closed.
# https://cloud.google.com/load-balancing/docs/https#timeout-keepalive-backends
_KEEP_ALIVE_SECONDS = 620
# For answers that are on their way when the drain has ended.
_LAST_ANSWERS_SECONDS = 2


def serve(settings: Settings) -> NoReturn:
    """Serves a model until SIGTERM or Ctrl-C; the process ends with it.

    Exit code 0 after a drain; 65 where the model cannot be served, 1 where that may pass.
    """
    log_as_json()
    code = asyncio.run(_serve(settings))
    logging.shutdown()
    sys.stdout.flush()
    # A thread that still predicts for a client that was cut off cannot be stopped, and Python would wait for it.
    os._exit(code)


async def _serve(settings: Settings) -> int:
    service = Service(settings)
    config = uvicorn.Config(
        application(service, settings),
        host=settings.host,
        port=settings.port,
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )
    server = _Server(config, service)
    # Beside the server, which says meanwhile that it is not ready.
    loading = asyncio.create_task(server.load())
    await server.serve()
    loading.cancel()
    if service.failure is None:
        return 0
    return BAD_INPUT_EXIT_CODE if isinstance(service.failure, FinalError) else 1


class _Server(uvicorn.Server):
    """Goes on answering while it drains: those inside get their predictions, new ones 503."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def load(self) -> None:
        """Loads the model, and stops where that is impossible."""
        await self._service.load()
        if self._service.failure:
            log.critical("the model cannot be served: %s", self._service.failure)
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A first signal drains, a second one stops at once. uvicorn's own would end with the signal, not with 0."""
        if self._service.is_draining:
            self.should_exit = self.force_exit = True
        else:
            self._service.is_draining = True
            asyncio.get_running_loop().call_soon_threadsafe(self._start_drain)

    def _start_drain(self) -> None:
        self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        log.info("draining", extra={"in_flight": self._service.in_flight})
        await self._service.drain()
        self.should_exit = True


class _Protocol(H11Protocol):
    """uvicorn's, which waits for ever for the head of a request, and reads for ever what nobody wants any more."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_between_requests = self.cycle is None or self.cycle.response_complete
        if not is_between_requests:
            self._disarm()
        elif self._deadline is None:
            self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._deadline = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _disarm(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
