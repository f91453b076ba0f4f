"""Work in threads, for what waits for files or releases the interpreter's lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_THREADS = 8


def map_in_order(function: Callable[[_T], _R], values: Iterable[_T]) -> Iterator[_R]:
    """Maps in threads, in order; takes few values ahead, where `Executor.map` would take all (until Python 3.14)."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[_R]] = deque()
        for value in values:
            waiting.append(pool.submit(function, value))
            if len(waiting) == 4 * _THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
