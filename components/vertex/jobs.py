"""Jobs of the service: found again or launched once, waited for, cancelled when this process is stopped."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import requests
from google.api_core.exceptions import DeadlineExceeded, GatewayTimeout, GoogleAPIError, NotFound
from google.api_core.retry import if_transient_error
from google.cloud import aiplatform

from ..data import storage
from ..errors import FinalError
from .connect import patiently
from .fingerprint import FINGERPRINT
from .gcp_resources import GcpResources
from .stopping import cancelled_when_stopped

# How long the service may be out of reach while a job of hours runs.
_OUTAGE_SECONDS = 3600.0
_SECONDS_BETWEEN_LINES = 300.0
_FIRST_PAUSE_SECONDS = 0.5
# Of the half minute that a stopped pod is given.
_CANCEL_SECONDS = 15.0
_LAUNCHES = 3
_ENDED = ("SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED")
_FOR_NOTHING = ("FAILED", "CANCELLED", "EXPIRED")


@dataclass(frozen=True)
class JobKind:
    """A kind of job.

    Attributes:
        name: for people, such as `training`.
        resource_type: as google-cloud-pipeline-components name it.
        sdk: the SDK's class.
        open: gives the job of a resource name.
        is_whole: whether what a succeeded job has made is still there.
        note: what to add to a line of progress, from the job's own fields.
    """

    name: str
    resource_type: Literal["TrainingPipeline", "BatchPredictionJob"]
    sdk: Any
    open: Callable[[str], Any]
    is_whole: Callable[[dict[str, Any]], bool] = lambda _: True
    note: Callable[[dict[str, Any]], str] = lambda _: ""


def _has_results(fields: dict[str, Any]) -> bool:
    """Whether the results of a succeeded batch prediction are still in the bucket."""
    return storage.exists(fields["outputInfo"]["gcsOutputDirectory"])


BATCH_PREDICTION = JobKind(
    "batch prediction",
    "BatchPredictionJob",
    aiplatform.BatchPredictionJob,
    aiplatform.BatchPredictionJob,
    _has_results,
)


@dataclass(frozen=True)
class Runner:
    """Runs jobs to their end.

    Attributes:
        resources: where each job's name is written before it is waited for.
        poll_seconds: from one look at a job to the next, at most; the first looks come faster.
    """

    resources: GcpResources
    poll_seconds: float

    def run(self, kind: JobKind, fingerprint: str, launch: Callable[[], Any]) -> Any:
        """Gives a succeeded job: one that runs or has run already with this fingerprint, or a new one.

        Args:
            kind: of the job.
            fingerprint: of all that the job depends on; `launch` puts it in the job's label `FINGERPRINT`.
            launch: creates the job, without waiting for it.

        Raises:
            FinalError: the job failed; the message is the service's own.
            Stopped: this process was told to stop; the job has been cancelled.
        """
        with cancelled_when_stopped(lambda: _cancel(kind, fingerprint)):
            if job := self._found(kind, fingerprint):
                print(f"{kind.name}: going on with {job.resource_name}", flush=True)
            else:
                job = self._launched(kind, fingerprint, launch)
                print(f"{kind.name}: launched {job.resource_name}", flush=True)
            self.resources.add(kind.resource_type, job.resource_name)
            self._wait(kind, job)
        return job

    def _found(self, kind: JobKind, fingerprint: str) -> Any:
        """The newest usable job with the fingerprint: of the record, or of all; None where there is none."""
        candidates = [*_recorded(kind, self.resources), *_labelled(kind, fingerprint)]
        return next((job for job in candidates if _is_usable(kind, fingerprint, job.to_dict())), None)

    def _launched(self, kind: JobKind, fingerprint: str, launch: Callable[[], Any]) -> Any:
        """A new job. Where the answer to its creation is lost, it is looked for before it is created again."""
        for launches_left in reversed(range(_LAUNCHES)):
            try:
                return launch()
            except Exception as error:
                if not _may_have_been_done(error) or not launches_left:
                    raise
                print(f"{kind.name}: no clear answer to the launch ({error}); looking for the job", flush=True)
            time.sleep(min(self.poll_seconds, 5.0))
            if job := self._found(kind, fingerprint):
                return job
        raise AssertionError("the last launch returns or raises")

    def _wait(self, kind: JobKind, job: Any) -> None:
        said, said_at, pause = "", 0.0, _FIRST_PAUSE_SECONDS
        while True:
            patiently(lambda: job.state, _OUTAGE_SECONDS)
            fields = job.to_dict()
            state = _state(fields)
            if state != said or time.monotonic() - said_at >= _SECONDS_BETWEEN_LINES:
                print(f"{kind.name}: {state.lower()}, {_elapsed(fields)}{kind.note(fields)}", flush=True)
                said, said_at = state, time.monotonic()
            if state in _ENDED:
                break
            time.sleep(min(pause, self.poll_seconds))
            pause *= 2
        if state in _FOR_NOTHING:
            message = fields.get("error", {}).get("message", "no message was given")
            how = "has failed" if state == "FAILED" else f"was {state.lower()}"
            raise FinalError(f"the {kind.name} on Vertex AI {how}: {message} See {job._dashboard_uri()}")


def _recorded(kind: JobKind, resources: GcpResources) -> Iterator[Any]:
    for name in resources.names(kind.resource_type):
        try:
            yield patiently(lambda name=name: kind.open(name))
        except NotFound:
            print(f"{kind.name}: {name} is not there any more", flush=True)


def _labelled(kind: JobKind, fingerprint: str) -> list[Any]:
    """Jobs with the fingerprint, the newest first."""
    wanted = f'labels.{FINGERPRINT}="{fingerprint}"'
    return patiently(lambda: kind.sdk.list(filter=wanted, order_by="create_time desc"))


def _cancel(kind: JobKind, fingerprint: str) -> None:
    """Cancels by label, so that a job is found too whose creation was interrupted."""
    for job in _labelled(kind, fingerprint):
        if _state(job.to_dict()) in _ENDED:
            continue
        try:
            patiently(job.cancel, _CANCEL_SECONDS)
            outcome = "is being cancelled; what it has used so far is charged"
        except GoogleAPIError as error:
            outcome = f"could not be cancelled ({error}): cancel it by hand, it costs money"
        print(f"{kind.name}: stopped, {job.resource_name} {outcome}\n{job._dashboard_uri()}", flush=True)


def _is_usable(kind: JobKind, fingerprint: str, fields: dict[str, Any]) -> bool:
    """Whether a job is the wanted one and has made what it should, or still may."""
    state = _state(fields)
    if fields.get("labels", {}).get(FINGERPRINT) != fingerprint or state in (*_FOR_NOTHING, "CANCELLING"):
        return False
    return state not in _ENDED or kind.is_whole(fields)


def _state(fields: dict[str, Any]) -> str:
    """Such as RUNNING, of a training pipeline (PIPELINE_STATE_RUNNING) or of a job (JOB_STATE_RUNNING)."""
    return fields.get("state", "_STATE_PENDING").rpartition("_STATE_")[2]


def _elapsed(fields: dict[str, Any]) -> str:
    created = datetime.fromisoformat(fields["createTime"])
    return f"{(datetime.now(UTC) - created).total_seconds() / 60:.0f} min"


def _may_have_been_done(error: Exception) -> bool:
    return if_transient_error(error) or isinstance(error, DeadlineExceeded | GatewayTimeout | requests.Timeout)
