"""Starting one task of a local run and following what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..components.errors import BAD_INPUT_EXIT_CODE

_ERROR_LINE = re.compile(r"^(?:error: |(?:[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)): )")
# KFP's executor logs on standard output, in part over several lines.
_EXECUTOR_LINE = "[KFP Executor "
_EXECUTOR_INPUT = "Got executor_input:"


@dataclass(eq=False)
class TaskFailedError(Exception):
    """A task ended with an exit code other than 0; `log` has all that it said."""

    code: int
    log: Path

    @property
    def retry_is_useless(self) -> bool:
        """Whether the same input would fail again."""
        return self.code == BAD_INPUT_EXIT_CODE

    @property
    def reason(self) -> str:
        """What the task said last about why, in one line."""
        lines = [line.strip() for line in _lines(self.log) if line.strip()]
        said = next((line for line in reversed(lines) if _ERROR_LINE.match(line)), lines[-1] if lines else "")
        if self.code > 128:
            signal = self.code - 128
            hint = " (out of memory?)" if signal == 9 else ""
            return f"The task was ended by signal {signal}{hint}. {said}".strip()
        return said.removeprefix("error: ") or f"The task ended with exit code {self.code} and said nothing."

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of the task's log."""
        return _lines(self.log)[-count:]


def run_task(
    command: Sequence[str], environment: Mapping[str, str], log: Path, lock: int, tell: Callable[[str], None]
) -> None:
    """Runs a task under a supervisor that ends it together with this process.

    Args:
        command: what the task runs.
        environment: added to this process's own.
        log: gets all that the task says; added to where it exists.
        lock: file descriptor of the run folder's lock, held until the task's last process has ended.
        tell: gets each line of the task's standard output; what libraries say on standard error is only in the log.

    Raises:
        TaskFailedError: the task did not end well.
    """
    supervised = [sys.executable, "-m", "graduate.pipelines.task_supervisor", str(os.getpid()), *command]
    with log.open("a", buffering=1) as written:
        # Unbuffered, so that the last line of the log is the last that was said.
        added = {"PYTHONUNBUFFERED": "1", **environment}
        with subprocess.Popen(
            supervised,
            env=os.environ | added,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=(lock,),
        ) as process:
            try:
                _follow(process.stdout or (), written, tell)
            except BaseException:
                process.terminate()
                raise
    if process.returncode:
        raise TaskFailedError(process.returncode, log)


def _follow(said: Iterable[str], log: TextIO, tell: Callable[[str], None]) -> None:
    in_executor_input = False
    for line in said:
        log.write(line)
        if in_executor_input:
            in_executor_input = line != "}\n"
        elif line.startswith(_EXECUTOR_LINE):
            in_executor_input = _EXECUTOR_INPUT in line
        elif line.strip():
            tell(line.rstrip())


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
