"""What the service answers instead of a resource (https://cloud.google.com/apis/design/errors)."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from google.rpc import code_pb2


@dataclass
class ApiError(Exception):
    """A refusal.

    Attributes:
        status: status of the HTTP answer.
        reason: name of a code of google.rpc.Code.
        message: what was wrong.
        violations: (field, what is wrong with it) of a request that is not valid.
    """

    status: HTTPStatus
    reason: str
    message: str
    violations: list[tuple[str, str]] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The number of the reason in google.rpc.Code."""
        return code_pb2.Code.Value(self.reason)

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {"code": int(self.status), "message": self.message, "status": self.reason}
        if self.violations:
            fields = [{"field": name, "description": message} for name, message in self.violations]
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}]
        return {"error": error}


def invalid(message: str) -> ApiError:
    """The request is wrong, whatever the state of the service."""
    return ApiError(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", message)


def not_now(message: str) -> ApiError:
    """The request does not fit the state in which a resource is."""
    return ApiError(HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", message)


def not_found(what: str) -> ApiError:
    """There is no such thing."""
    return ApiError(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"{what} is not found.")


def not_built(message: str) -> ApiError:
    """The service can do it, and this emulator cannot."""
    return ApiError(HTTPStatus.NOT_IMPLEMENTED, "UNIMPLEMENTED", message)
