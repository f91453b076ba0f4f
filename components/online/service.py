"""Who may use the model when: not before it is loaded, not too many at once, nobody new after SIGTERM."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus

from loky import cpu_count
from starlette.requests import ClientDisconnect

from .errors import RequestError
from .log import log
from .model import Answer, ServedModel, load
from .settings import Settings

_RETRY = {"Retry-After": "1"}


class Service:
    """A model and its workers.

    Attributes:
        failure: why the model could not be loaded.
        in_flight: requests that are being read, wait, or are predicted.
        waiting: those of them that wait for a worker.
        is_draining: whether nobody new is let in.
    """

    def __init__(self, settings: Settings) -> None:
        """Loads nothing yet."""
        self.failure: Exception | None = None
        self.in_flight = self.waiting = 0
        self.is_draining = False
        workers = settings.workers or cpu_count()
        self._settings, self._most = settings, workers + settings.queue
        self._model: ServedModel | None = None
        # onnxruntime lets go of the interpreter's lock, and its sessions compute on the thread that calls them.
        self._workers = ThreadPoolExecutor(workers, "worker")
        self._turn = asyncio.Semaphore(workers)
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @property
    def is_ready(self) -> bool:
        """Whether requests are answered."""
        return self._model is not None and not self.is_draining

    async def load(self) -> None:
        """Loads the model and tries it; `failure` says what is wrong with it."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            model = await loop.run_in_executor(self._workers, load, self._settings)
        except Exception as error:
            self.failure = error
        else:
            self._model = model
            log.info("ready", extra={"model": model.name, "seconds": round(loop.time() - started, 3)})

    @contextmanager
    def place(self) -> Iterator[ServedModel]:
        """A place for a request, from before it is read: what is held in memory is bounded by their number.

        Raises:
            RequestError: the model is not loaded, the server is about to stop (503), or all places are taken (429).
        """
        if self._model is None or self.is_draining:
            reason = "the server is about to stop" if self.is_draining else "the model is being loaded"
            raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, f"{reason}: try again", _RETRY)
        if self.in_flight >= self._most:
            raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, "too many requests wait: try again", _RETRY)
        self.in_flight += 1
        self._is_empty.clear()
        try:
            yield self._model
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self._is_empty.set()

    async def answer(self, model: ServedModel, data: bytes, is_gone: Callable[[], Awaitable[bool]]) -> Answer:
        """Answers a request in a worker, when its turn has come.

        Args:
            model: that `place` gave.
            data: body of the request.
            is_gone: whether its client does not wait any more.

        Raises:
            RequestError: the body is no good.
            ClientDisconnect: the client has gone while it waited.
        """
        self.waiting += 1
        try:
            # uvicorn has stopped reading from who sent much; when it is asked it goes on, and sees who leaves.
            await is_gone()
            await self._turn.acquire()
        finally:
            self.waiting -= 1
        try:
            if await is_gone():
                raise ClientDisconnect
            return await asyncio.get_running_loop().run_in_executor(self._workers, model.answer, data)
        finally:
            self._turn.release()

    async def drain(self) -> None:
        """Lets nobody in any more, and waits for those inside, as long as the settings say."""
        self.is_draining = True
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._is_empty.wait()
        except TimeoutError:
            log.warning("%d requests are cut off", self.in_flight)
