"""Runs one task for the local runner, so that no process of the task outlives the runner or the task itself.

    python -m graduate.pipelines.task_supervisor RUNNER_PID COMMAND...

The task has a process group and a folder for temporary files of its own. When the task ends, when the runner ends
(killed or not), or on SIGTERM, the whole group gets SIGTERM and, if need be, SIGKILL, and the folder goes. Only the
standard library is imported: this starts with every task.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress

from .lifeline import die_with_parent

GRACE_SECONDS = 5.0
_TERMINATION = {signal.SIGTERM}


def main(arguments: list[str]) -> int:
    """Runs the task to its end.

    Returns:
        The task's exit code, or 128 + the number of the signal that ended it (as shells do).
    """
    parent, *command = arguments
    # Held back until the task is known, or a signal in between would leave it behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINATION)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(int(parent))
    with tempfile.TemporaryDirectory(prefix="graduate-") as scratch:
        environment = os.environ | {"TMPDIR": scratch}
        task = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_accept_termination)
        try:
            _accept_termination()
            code = task.wait()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _end_group(task)
    return code if code >= 0 else 128 - code


def _accept_termination() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TERMINATION)


def _stop(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)


def _end_group(task: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the task's process group."""
    with suppress(ProcessLookupError):
        os.killpg(task.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            task.poll()
            os.killpg(task.pid, 0)
            time.sleep(0.02)
        os.killpg(task.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
