"""How much memory a process took."""

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_mib() -> float:
    """The most memory that this process ever held, in MiB.

    Linux hands `ru_maxrss` on from the process that started this one (getrusage(2)); its high-water mark it does not.
    """
    if _STATUS.exists():
        mark = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
        if mark:
            return int(mark[1]) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
