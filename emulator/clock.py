"""The emulator's time."""

import heapq
import itertools
import threading
from collections.abc import Callable


class Clock:
    """Time that stands still but when somebody looks or a test moves it: nothing depends on how fast a machine is.

    What takes the service hours is due a few seconds of this clock later, and happens as the clock gets there.

    Attributes:
        step: seconds by which every request that only reads moves the clock; 0 leaves moving it to `advance`.
        lock: held while anything of the emulator is read or changed.
    """

    def __init__(self, step: float = 1.0) -> None:
        self.step = step
        self.lock = threading.RLock()
        self._now = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Does `action` when the clock has moved on so far."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), action))

    def advance(self, seconds: float) -> None:
        """Moves the clock, and does in order all that comes due, also what follows from it."""
        with self.lock:
            end = self._now + seconds
            while self._due and self._due[0][0] <= end:
                self._now, _, action = heapq.heappop(self._due)
                action()
            self._now = end

    def look(self) -> None:
        """Moves the clock by its step."""
        self.advance(self.step)
