"""Worker processes, and the model that each of them holds."""

import os
import threading
import time
from functools import cache

from loky import ProcessPoolExecutor

from ..prediction.predictor import Predictor, open_predictor
from ..prediction.reading import Reading

# Libraries start a thread per core when they are loaded, for work that here is one worker's.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def new_pool(workers: int) -> ProcessPoolExecutor:
    """A pool of processes that die with this one."""
    # Unlike the standard library's, loky's workers do not import the caller's main module first (kfp takes seconds).
    return ProcessPoolExecutor(workers, initializer=_end_with_parent, initargs=(os.getpid(),), env=_ONE_THREAD)


@cache
def opened(model: str, reading: Reading) -> Predictor:
    """A model, opened once in this process.

    Raises:
        InputError: it cannot be loaded.
    """
    return open_predictor(model, reading)


def _end_with_parent(parent: int) -> None:
    """Ends this worker when its parent process is gone, however that died: nobody would collect its results."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
