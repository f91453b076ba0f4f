"""What a request is refused with."""

from http import HTTPStatus
from typing import Any


class RequestError(Exception):
    """A request that is not answered with predictions.

    Attributes:
        status: HTTP status code.
        message: one sentence for the caller.
        headers: of the answer.
    """

    def __init__(self, status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def error_body(status: int, message: str) -> dict[str, Any]:
    """The body of a refusal, in the form of Google's APIs (https://google.aip.dev/193)."""
    return {"error": {"code": int(status), "message": message}}
