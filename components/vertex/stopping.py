"""What happens to running jobs when this process is told to stop."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(SystemExit):
    """The process was told to stop."""


@contextmanager
def cancelled_when_stopped(cancel: Callable[[], None]) -> Iterator[None]:
    """Calls `cancel` when SIGTERM or Ctrl-C comes while the block runs.

    Only a process's main thread hears signals; in another one the block runs as it is.

    Raises:
        Stopped: after that; the exit code is 128 and the signal's number.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, _stop) for each in _SIGNALS}
    try:
        yield
    except Stopped:
        cancel()
        raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _stop(number: int, _: Any) -> None:
    # A second signal must not keep the cancellation from being sent.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(128 + number)
