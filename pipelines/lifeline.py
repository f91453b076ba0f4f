"""A process that ends when its parent ends, however that ends: nobody can catch SIGKILL and tidy up."""

import ctypes
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int | None = None) -> None:
    """Has this process sent SIGTERM when its parent ends.

    Call it from the main thread. On Linux the kernel sends the signal, when the thread that started this process ends;
    elsewhere a thread looks every half a second.

    Args:
        parent: process id of the parent, where known: it may have ended before this call.
    """
    parent = parent or os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
