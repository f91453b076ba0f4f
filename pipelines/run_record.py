"""run.json: what a run is doing, written anew after every change, so that it is true whenever the run is killed."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from ..components.data.storage import write_atomically
from .spec_graph import Step

RECORD_FILE = "run.json"


class State(StrEnum):
    """State of a run or of one of its steps; `waiting`, `skipped` and `reused` are only a step's."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REUSED = "reused"
    SKIPPED = "skipped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


DONE = (State.SUCCEEDED, State.REUSED)


@dataclass
class Output:
    """An artifact of a step: `location` is relative to the run folder, or a URI."""

    name: str
    type: str
    location: str
    bytes: int


@dataclass
class StepRecord:
    """One step of a run. Times are Unix times; a reused step has those of the run that did the work.

    Attributes:
        reason: why it failed or was skipped.
        values: its output parameters.
        log: relative to the run folder, "" where there is none.
    """

    display_name: str
    state: State = State.WAITING
    started: float | None = None
    seconds: float | None = None
    attempts: int = 0
    reason: str = ""
    outputs: list[Output] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    log: str = ""


@dataclass
class RunRecord:
    """One run.

    Attributes:
        identity: what makes a later run the same one: digests of the spec and of the input files, parameters.
        reason: why the run failed, "" otherwise.
    """

    folder: Path
    pipeline: str
    identity: dict[str, Any]
    steps: dict[str, StepRecord]
    state: State = State.RUNNING
    reason: str = ""
    started: float = field(default_factory=time.time)
    seconds: float | None = None
    process: int = field(default_factory=os.getpid)

    @classmethod
    def new(cls, folder: Path, pipeline: str, identity: dict[str, Any], steps: Iterable[Step]) -> Self:
        """Record of a run that has not done anything yet."""
        return cls(folder, pipeline, identity, {step.name: StepRecord(step.display_name) for step in steps})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Record of a run folder.

        Raises:
            FileNotFoundError: the folder holds no run.
        """
        values = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        values["steps"] = {name: _step(step) for name, step in values["steps"].items()}
        return cls(**values | {"folder": folder, "state": State(values["state"])})

    def save(self) -> None:
        """Writes run.json."""
        values = {name: value for name, value in asdict(self).items() if name != "folder"}
        with write_atomically(self.folder / RECORD_FILE) as aside:
            aside.write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")

    def close(self, state: State, reason: str, steps: Mapping[str, Step]) -> None:
        """Ends the run: steps that never started are skipped, and say why."""
        self.state, self.reason, self.seconds = state, reason, time.time() - self.started
        for name, step in self.steps.items():
            if step.state is State.RUNNING:
                step.state, step.reason = State.INTERRUPTED, "The run was interrupted."
            elif step.state is State.WAITING:
                step.state, step.reason = State.SKIPPED, self._why_skipped(steps[name], steps)
        self.save()

    def _why_skipped(self, step: Step, steps: Mapping[str, Step]) -> str:
        before = {name for need in step.needs for name in (need, *_ancestors(need, steps))}
        broken = [name for name in before if self.steps[name].state in (State.FAILED, State.INTERRUPTED)]
        if broken:
            return f"It needs {self.steps[min(broken)].display_name!r}, which did not succeed."
        if self.state is State.INTERRUPTED:
            return "The run was interrupted before it."
        return f"It runs only if {' and '.join(step.conditions)}." if step.conditions else "It was not reached."


def _ancestors(name: str, steps: Mapping[str, Step]) -> set[str]:
    return {above for need in steps[name].needs for above in (need, *_ancestors(need, steps))}


def _step(values: dict[str, Any]) -> StepRecord:
    outputs = [Output(**output) for output in values["outputs"]]
    return StepRecord(**values | {"outputs": outputs, "state": State(values["state"])})
