"""Runs the steps that KFP's local orchestrator calls for, and keeps the record, the logs and the results of each."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from kfp import dsl
from kfp.local import status, subprocess_task_handler
from kfp.local.orchestrator import task_executor

from ..components.data.storage import write_atomically
from .run_folder import link_tree, size_of
from .run_record import Output, RunRecord, State, StepRecord
from .spec_graph import step_name
from .task_process import TaskFailedError, run_task
from .terminal import Terminal

Outcome = tuple[dict[str, Any], status.Status]

# An artifact is a path without a suffix; these are single files, and people open them.
_SUFFIXES = {
    "system.HTML": ".html",
    "system.Metrics": ".json",
    "system.ClassificationMetrics": ".json",
}
# As Vertex AI names it for the code that it runs.
_CHECKPOINT_DIR = "AIP_CHECKPOINT_DIR"
# Kept beside the results in the work folder, for the runs that reuse them.
_WORK_RECORD, _WORK_LOG = "step.json", "step.log"


class StepRunner:
    """Stands in for the two places of `kfp.local` (2.17.0) that decide how a task is run.

    `task_executor.execute_single_task` (cache, retries, then the task) is wrapped, and
    `subprocess_task_handler.run_local_subprocess` (the process of one attempt) is replaced. Steps run one at a time.
    """

    def __init__(self, record: RunRecord, lock: int, terminal: Terminal) -> None:
        self._record = record
        self._lock = lock
        self._terminal = terminal
        self._step = ""
        self._failure: TaskFailedError | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Has KFP run its tasks here."""
        execute = task_executor.execute_single_task
        start = subprocess_task_handler.run_local_subprocess
        task_executor.execute_single_task = partial(self._run_step, execute)
        subprocess_task_handler.run_local_subprocess = self._run_attempt
        try:
            yield
        finally:
            task_executor.execute_single_task = execute
            subprocess_task_handler.run_local_subprocess = start

    def _run_step(self, execute: Callable[..., Outcome], *, task_spec: Any, **rest: Any) -> Outcome:
        self._step = step_name(task_spec.component_ref.name)
        self._failure = None
        step = self._record.steps[self._step]
        try:
            outputs, outcome = execute(task_spec=task_spec, **rest)
        except TaskFailedError:
            outputs, outcome = {}, status.Status.FAILURE
        except Exception as error:  # whatever KFP raises about this task, the exit handler is still to run
            step.reason, outputs, outcome = f"{type(error).__name__}: {error}", {}, status.Status.FAILURE
        except KeyboardInterrupt:
            self._end(step, State.INTERRUPTED)
            raise
        if outcome == status.Status.SUCCESS:
            self._succeed(step, outputs)
        else:
            self._fail(step)
        return outputs, outcome

    def _run_attempt(self, full_command: list[str], env_vars: Mapping[str, str] | None = None) -> int:
        """One attempt at the task, in place of KFP's own; raises only where another attempt would be useless."""
        step = self._record.steps[self._step]
        step.attempts += 1
        step.log = f"logs/{self._step}.log"
        if step.attempts == 1:
            step.state, step.started = State.RUNNING, time.time()
            self._record.save()
        self._terminal.started(step, step.attempts)
        try:
            log = self._record.folder / step.log
            environment = {_CHECKPOINT_DIR: str(self._checkpoints())} | dict(env_vars or {})
            run_task(full_command, environment, log, self._lock, lambda line: self._terminal.said(step, line))
        except TaskFailedError as failure:
            self._failure = failure
            if failure.retry_is_useless:
                raise
            return failure.code
        return 0

    def _checkpoints(self) -> Path:
        """Where a step that is killed, or tried again, finds what it has saved; its artifacts get a new folder."""
        return self._record.folder / "checkpoints" / self._step

    def _succeed(self, step: StepRecord, outputs: Mapping[str, Any]) -> None:
        shutil.rmtree(self._checkpoints(), ignore_errors=True)
        artifacts = {name: value for name, value in outputs.items() if isinstance(value, dsl.Artifact)}
        step.values = {name: value for name, value in outputs.items() if name not in artifacts}
        step.outputs = [self._show(name, artifact) for name, artifact in artifacts.items() if not _is_nothing(artifact)]
        # KFP gives each task a folder of its own and its artifacts places in it.
        work = next((Path(each.path).parent for each in artifacts.values() if not _is_elsewhere(each)), None)
        if step.attempts:
            self._end(step, State.SUCCEEDED)
            if work:
                self._remember(step, work)
        else:
            if work:
                self._recall(step, work)
            self._end(step, State.REUSED)

    def _fail(self, step: StepRecord) -> None:
        if self._failure and not step.reason:
            step.reason = self._failure.reason
        self._end(step, State.FAILED)

    def _end(self, step: StepRecord, state: State) -> None:
        step.state = state
        if state is not State.REUSED:
            step.seconds = time.time() - (step.started or time.time())
        self._record.save()
        # What the user can mend is said in one sentence; all else wants the end of the log.
        is_unexplained = self._failure and state is State.FAILED and not self._failure.retry_is_useless
        self._terminal.ended(step, self._failure.last_lines() if self._failure and is_unexplained else ())

    def _show(self, name: str, artifact: dsl.Artifact) -> Output:
        """Puts an artifact into the run folder, under the name of its step; one that is elsewhere is only named."""
        if _is_elsewhere(artifact):
            return Output(name, artifact.schema_title, artifact.uri, 0)
        made = Path(artifact.path)
        suffix = _SUFFIXES.get(artifact.schema_title, "") if made.is_file() and not made.suffix else ""
        shown = self._record.folder / self._step / f"{made.name}{suffix}"
        if made.exists():
            link_tree(made, shown)
        return Output(name, artifact.schema_title, str(shown.relative_to(self._record.folder)), size_of(made))

    def _remember(self, step: StepRecord, work: Path) -> None:
        link_tree(self._record.folder / step.log, work / _WORK_LOG)
        with write_atomically(work / _WORK_RECORD) as aside:
            aside.write_text(json.dumps({"started": step.started, "seconds": step.seconds}), encoding="utf-8")

    def _recall(self, step: StepRecord, work: Path) -> None:
        if (work / _WORK_RECORD).exists():
            kept = json.loads((work / _WORK_RECORD).read_text(encoding="utf-8"))
            step.started, step.seconds = kept["started"], kept["seconds"]
        if (work / _WORK_LOG).exists():
            step.log = f"logs/{self._step}.log"
            link_tree(work / _WORK_LOG, self._record.folder / step.log)


def _is_elsewhere(artifact: dsl.Artifact) -> bool:
    """Whether it stands for a resource of a service."""
    return artifact.uri.startswith("https://")


def _is_nothing(artifact: dsl.Artifact) -> bool:
    """Whether it is the empty file that stands for no resource."""
    made = Path(artifact.path)
    return not _is_elsewhere(artifact) and made.is_file() and not made.stat().st_size
