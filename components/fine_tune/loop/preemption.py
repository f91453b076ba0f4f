"""SIGTERM: what a machine sends that is about to be taken away."""

import signal
import threading
from types import FrameType
from typing import Any, Self

EXIT_CODE = 128 + signal.SIGTERM


class Preemption:
    """Notes that SIGTERM has come while its block runs, where that is the process's main thread."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        """Takes over the signal."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        """Gives it back."""
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
