"""How jobs go on: pending, running, ended."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status

from .errors import ApiError, not_now
from .kinds import Kind
from .resources import now

# Seconds of the emulator's clock from the creation on.
_STARTS_AFTER = 1.0
_ENDS_AFTER = 3.0
_CANCELLED_AFTER = 1.0


@dataclass(frozen=True)
class States:
    """The names that a kind of job has for its states."""

    pending: Any
    running: Any
    cancelling: Any
    succeeded: Any
    failed: Any
    cancelled: Any

    @classmethod
    def of(cls, enumeration: Any, prefix: str) -> "States":
        """Those of an enumeration whose members all begin with `prefix`."""
        names = ("PENDING", "RUNNING", "CANCELLING", "SUCCEEDED", "FAILED", "CANCELLED")
        return cls(*(enumeration[prefix + name] for name in names))


PIPELINE = States.of(types.PipelineState, "PIPELINE_STATE_")
JOB = States.of(types.JobState, "JOB_STATE_")


class JobKind(Kind):
    """A kind of resource that runs.

    Attributes:
        states: names of its states.
    """

    states: States

    @property
    def verbs(self) -> dict[str, Any]:
        return {"cancel": self.cancel}

    def start(self, job: Any, work: Callable[[], None]) -> None:
        """Keeps a new job and lets it go on; `work` is what it does as it ends, and may raise ApiError."""
        fault = self.shared.faults.of_job(self.collection)
        job.create_time = job.update_time = now()
        job.state = self.states.pending
        self.shared.resources.add(job)
        self.shared.clock.after(_STARTS_AFTER, lambda: self._run(job))
        self.shared.clock.after(_ENDS_AFTER, lambda: self._end(job, work, fault))

    def cancel(self, name: str, _: bytes) -> Empty:
        """Cancels a job.

        Raises:
            ApiError: there is none, or it has ended.
        """
        job = self.get(name)
        if not self._goes_on(job):
            raise not_now(f"{name} has ended ({job.state.name}) and cannot be cancelled.")
        job.state, job.update_time = self.states.cancelling, now()
        self.shared.clock.after(_CANCELLED_AFTER, lambda: self._cancelled(job))
        return Empty()

    def delete(self, name: str) -> Operation:
        if self._goes_on(self.get(name)):
            raise not_now(f"{name} has not ended; cancel it before it is deleted.")
        return super().delete(name)

    def _goes_on(self, job: Any) -> bool:
        return job.state in (self.states.pending, self.states.running, self.states.cancelling)

    def _run(self, job: Any) -> None:
        if job.state == self.states.pending:
            job.state, job.start_time, job.update_time = self.states.running, now(), now()

    def _end(self, job: Any, work: Callable[[], None], fault: ApiError | None) -> None:
        if job.state != self.states.running:
            return
        try:
            if fault:
                raise fault
            work()
            job.state = self.states.succeeded
        except ApiError as error:
            job.state = self.states.failed
            job.error = Status(code=error.code, message=error.message)
        job.end_time = job.update_time = now()

    def _cancelled(self, job: Any) -> None:
        job.state = self.states.cancelled
        job.error = Status(code=1, message="The job was cancelled.")
        job.end_time = job.update_time = now()
