"""Logs as JSON lines with the fields that Cloud Logging knows; never with what is in a request.

https://cloud.google.com/logging/docs/structured-logging
"""

import logging
import sys

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

log = logging.getLogger("graduate.online")


def log_as_json() -> None:
    """Sends the logs of this process to standard output, a JSON object a line."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "message", "name"],
            rename_fields={"levelname": "severity", "name": "logger", "timestamp": "time"},
            timestamp=True,
            reserved_attrs=[*RESERVED_ATTRS, "color_message"],  # uvicorn's, for terminals
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def log_request(method: str, path: str, code: int, seconds: float, predicted: int, failed: int) -> None:
    """A line for a request (the fields of Cloud Logging's HttpRequest, and the counts of instances)."""
    request = {"requestMethod": method, "requestUrl": path, "status": code, "latency": f"{seconds:.6f}s"}
    level = logging.ERROR if code == 500 else logging.INFO
    fields = {"httpRequest": request, "instances": predicted + failed, "failed_instances": failed}
    log.log(level, "%s %s", method, path, extra=fields)
