"""Faults that a test orders, and the log of what was asked."""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from .errors import ApiError

_REFUSALS = {
    HTTPStatus.FORBIDDEN: ("PERMISSION_DENIED", "Permission is denied on resource."),
    HTTPStatus.TOO_MANY_REQUESTS: ("RESOURCE_EXHAUSTED", "Quota exceeded for aiplatform.googleapis.com requests."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("INTERNAL", "Internal error encountered."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("UNAVAILABLE", "The service is currently unavailable."),
}


@dataclass
class Fault:
    """What happens to the next requests that match.

    Attributes:
        method: of the requests, such as POST.
        path: regular expression that is searched for in their paths.
        status: what is answered instead: 403, 429, 500 or 503; 200 for the true answer; None for a connection that
            is closed without one.
        after: whether the request has its effect all the same, so that only its answer is lost.
        seconds: how long the answer takes.
        times: how many requests it happens to.
    """

    method: str
    path: str
    status: HTTPStatus | int | None = HTTPStatus.SERVICE_UNAVAILABLE
    after: bool = False
    seconds: float = 0.0
    times: int = 1

    @property
    def refusal(self) -> ApiError | None:
        """What is answered, where it is not the true answer."""
        if self.status in (None, HTTPStatus.OK):
            return None
        status = HTTPStatus(self.status)
        return ApiError(status, *_REFUSALS[status])


@dataclass
class Request:
    """A request that arrived.

    Attributes:
        method: such as POST.
        path: without the query.
        query: parameters by name.
        body: its JSON; {} if it has none.
        status: what was answered; None while it is not, or never will be.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int | None = None


@dataclass
class Faults:
    """The ordered faults, those of requests and those of jobs."""

    ordered: list[Fault] = field(default_factory=list)
    _jobs: list[tuple[str, ApiError]] = field(default_factory=list)

    def order(self, fault: Fault) -> None:
        """Orders a fault, behind those that were ordered before."""
        self.ordered.append(fault)

    def fail_job(self, collection: str, message: str, reason: str = "INTERNAL") -> None:
        """Lets the next job of a collection, such as trainingPipelines, end as failed with an error.

        Args:
            collection: where the job will be created.
            message: the error's message.
            reason: name of the error's code in google.rpc.Code.
        """
        self._jobs.append((collection, ApiError(HTTPStatus.OK, reason, message)))

    def of_request(self, method: str, path: str) -> Fault | None:
        """Takes the fault that happens to a request, if any."""
        for fault in self.ordered:
            if fault.times > 0 and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    def of_job(self, collection: str) -> ApiError | None:
        """Takes the fault that happens to a new job of a collection, if any."""
        for at, (ordered, error) in enumerate(self._jobs):
            if ordered == collection:
                del self._jobs[at]
                return error
        return None
