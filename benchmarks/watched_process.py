"""A command and all that it starts, watched from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

_INTERVAL = 0.05


@dataclass(frozen=True)
class Watched:
    """What a command took.

    Attributes:
        wall: seconds.
        cpu: seconds of all its processes.
        peak_mib: the most memory (resident) that one of its processes held, in MiB.
        started_mib: the most that its first process held.
    """

    wall: float
    cpu: float
    peak_mib: float
    started_mib: float


def watch(command: Sequence[str], **environment: str) -> Watched:
    """Runs a command to its end.

    Raises:
        SystemExit: it failed; what it said is shown.
    """
    started = time.perf_counter()
    process = psutil.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | environment
    )
    cpu: dict[tuple[int, float], float] = {}
    peak: dict[tuple[int, float], float] = {}
    first = (process.pid, process.create_time())
    while process.poll() is None:
        for each in _tree(process):
            _look(each, cpu, peak)
        time.sleep(_INTERVAL)
    wall = time.perf_counter() - started
    if process.returncode:
        print(process.stdout.read() if process.stdout else "", file=sys.stderr)
        raise SystemExit(f"{' '.join(command[:4])} ... ended with exit code {process.returncode}")
    return Watched(wall, sum(cpu.values()), max(peak.values()), peak[first])


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _look(process: psutil.Process, cpu: dict[tuple[int, float], float], peak: dict[tuple[int, float], float]) -> None:
    try:
        identity, times = (process.pid, process.create_time()), process.cpu_times()
        cpu[identity] = times.user + times.system
        peak[identity] = max(peak.get(identity, 0.0), process.memory_info().rss / 2**20)
    except psutil.NoSuchProcess:
        pass
