"""Progress lines of long work."""

import time

_SECONDS_BETWEEN_LINES = 2.0


class Progress:
    """Prints how far the work is, at what rate, and the time left; at most one line every two seconds."""

    def __init__(self, what: str, unit: str, total: int = 0, done: int = 0) -> None:
        """Starts the clock.

        Args:
            what: the work, such as `import`.
            unit: what is counted, such as `images`.
            total: how many there are to do; 0 when unknown.
            done: how many of them an earlier process has done.
        """
        self._what = what
        self._unit = unit
        self._total = total
        self._done = self._before = done
        self._start = self._said = time.monotonic()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Counts what has been done since the last call; `note` is added to a line that is printed now."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            self._say(note)

    def restart(self, count: int = 1) -> None:
        """Counts what has been done, but measures the rate from now on: what comes has another speed."""
        self._done += count
        self._before, self._start = self._done, time.monotonic()

    def finish(self) -> None:
        """Prints the last line."""
        self._total = 0
        self._say()

    @property
    def rate(self) -> float:
        """How many were done in a second, on average since the start or the last `restart`."""
        return (self._done - self._before) / max(time.monotonic() - self._start, 1e-9)

    def _say(self, note: str = "") -> None:
        rate = self.rate
        of_total = f" of {self._total:,}" if self._total else ""
        left = f", {max(self._total - self._done, 0) / rate:.0f} s left" if self._total and rate else ""
        speed = f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
        tail = f", {note}" if note else ""
        print(f"{self._what}: {self._done:,}{of_total} {self._unit}, {speed}/s{left}{tail}", flush=True)
