"""How long calls take beside one another."""

import time
from collections.abc import Callable, Mapping

import numpy as np

WARM_UP = 2
LEAST_TURNS = 5


def side_by_side(
    calls: Mapping[str, Callable[[], object]], seconds: float = 2.0, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """The median latency of each call, in seconds.

    They take turns, one call each, so that all meet the same machine: what else runs there slows all of them.

    Args:
        calls: by name; each is called `WARM_UP` times before the clock starts.
        seconds: after which no turn begins any more, once there were `LEAST_TURNS`.
        clock: gives seconds. On a busy machine the wall's clock (the default) is unfair to calls that are longer than
            the time that the system gives a process at once; `time.thread_time` is not, but sees one thread only.
    """
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    turns: list[list[float]] = []
    end = time.perf_counter() + seconds
    while len(turns) < LEAST_TURNS or time.perf_counter() < end:
        turns.append([_taken(call, clock) for call in calls.values()])
    return dict(zip(calls, map(float, np.median(turns, axis=0)), strict=True))


def _taken(call: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    call()
    return clock() - start
