"""Cloud Logging's entries:list, with what AutoML logs of its trials.

https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list, and for the entries
https://cloud.google.com/vertex-ai/docs/tabular-data/classification-regression/logs (kept for 30 days).
"""

import json
from datetime import UTC, datetime
from typing import Any

from .errors import ApiError, HTTPStatus, invalid
from .listing import matches
from .tasks import Trained

_TYPE = "type.googleapis.com/google.cloud.automl.master."
_FIELDS = {"resourceNames", "filter", "orderBy", "pageSize", "pageToken", "projectIds"}


class LogEntries:
    """The entries of a project.

    Attributes:
        forbidden: whether nobody may read them.
        entries: oldest first; to be cleared where they shall be too old to be kept.
    """

    def __init__(self) -> None:
        self.forbidden = False
        self.entries: list[dict[str, Any]] = []

    def add(self, model: str, trained: Trained) -> None:
        """Logs the trials of a training, and which of them make up its model."""
        for trial in trained.trials:
            point = {"value": trial.objective, "createTime": _now()}
            payload = {"modelStructure": _structure([trial]), "trainingObjectivePoint": point}
            self._log(model, trained.log_type, "tuning", {"@type": f"{_TYPE}TuningTrial", **payload})
        if trained.trials:
            payload = {"@type": f"{_TYPE}TablesModelStructure", **_structure(trained.trials[:1])}
            self._log(model, trained.log_type, "model", payload)

    def _log(self, model: str, log_type: str, log: str, payload: dict[str, Any]) -> None:
        _, project, _, region, _, model_id = model.split("/")
        labels = {"job_id": model_id, "region": region, "project_id": project}
        self.entries.append(
            {
                "insertId": f"entry-{len(self.entries)}",
                "jsonPayload": payload,
                "resource": {"type": "cloudml_job", "labels": labels},
                "timestamp": _now(),
                "receiveTimestamp": _now(),
                "severity": "INFO",
                "labels": {"log_type": log_type},
                "logName": f"projects/{project}/logs/automl.googleapis.com%2F{log}",
            }
        )

    def list(self, body: bytes) -> dict[str, Any]:
        """The answer to entries:list.

        Raises:
            ApiError: the request is not valid, or nobody may read the entries.
        """
        request = json.loads(body or b"{}")
        if unknown := set(request) - _FIELDS:
            raise invalid(f"Invalid JSON payload received. Unknown name {min(unknown)!r}.")
        if self.forbidden:
            raise ApiError(HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "Permission denied for all log views.")
        projects = [name.removeprefix("projects/") for name in request.get("resourceNames", [])]
        if not projects:
            raise invalid("resourceNames is required.")
        found = [
            entry
            for entry in self.entries
            if entry["resource"]["labels"]["project_id"] in projects and matches(entry, request.get("filter", ""))
        ]
        if request.get("orderBy", "").endswith(" desc"):
            found.reverse()
        return {"entries": found} if found else {}


def _structure(trials: Any) -> dict[str, Any]:
    return {"modelParameters": [{"hyperparameters": trial.hyperparameters} for trial in trials]}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
