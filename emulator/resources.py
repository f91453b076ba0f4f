"""What the emulator keeps: pipeline jobs and schedules, checked as the service checks them.

Messages: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs and .schedules.
"""

import itertools
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar, cast

import proto
from google.cloud.aiplatform_v1 import types
from google.protobuf.json_format import ParseError
from google.protobuf.timestamp_pb2 import Timestamp

Resource = TypeVar("Resource", bound=proto.Message)


@dataclass
class ApiError(Exception):
    """What the service answers instead of a resource; `reason` is a code of google.rpc.Code."""

    status: HTTPStatus
    reason: str
    message: str


class Resources:
    """Resources by name, such as projects/p/locations/l/pipelineJobs/j."""

    def __init__(self) -> None:
        self._by_name: dict[str, types.PipelineJob | types.Schedule] = {}
        self._ids = itertools.count(1)

    def create(self, parent: str, collection: str, body: bytes, resource_id: str) -> proto.Message:
        """Creates a resource of one of the collections `pipelineJobs` and `schedules`.

        Args:
            parent: projects/PROJECT/locations/LOCATION.
            collection: the collection's name.
            body: the resource as JSON.
            resource_id: the last part of its name, or "" to have one made.

        Raises:
            ApiError: the body is not such a resource, or there is one of that name.
        """
        resource = _pipeline_job(body) if collection == "pipelineJobs" else _schedule(body)
        resource.name = f"{parent}/{collection}/{resource_id or next(self._ids)}"
        if resource.name in self._by_name:
            raise ApiError(HTTPStatus.CONFLICT, "ALREADY_EXISTS", f"{resource.name} already exists.")
        resource.create_time = _now()
        self._by_name[resource.name] = resource
        return resource

    def get(self, name: str) -> proto.Message:
        """The resource of a name.

        Raises:
            ApiError: there is none.
        """
        if name not in self._by_name:
            raise ApiError(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"{name} is not found.")
        return self._by_name[name]

    def all(self, parent: str, collection: str) -> list[proto.Message]:
        """The resources of a collection, oldest first."""
        return [found for name, found in self._by_name.items() if name.rpartition("/")[0] == f"{parent}/{collection}"]


def _now() -> Timestamp:
    now = Timestamp()
    now.GetCurrentTime()
    return now


def _pipeline_job(body: bytes) -> types.PipelineJob:
    job = _parse(types.PipelineJob, body)
    _require(bool(job.pipeline_spec), "pipeline_job.pipeline_spec is required.")
    _require(
        job.runtime_config.gcs_output_directory.startswith("gs://"),
        "pipeline_job.runtime_config.gcs_output_directory must be a gs:// URI.",
    )
    job.state = types.PipelineState.PIPELINE_STATE_PENDING
    return job


def _schedule(body: bytes) -> types.Schedule:
    schedule = _parse(types.Schedule, body)
    _require(bool(schedule.display_name), "schedule.display_name is required.")
    _require(len(re.sub(r"^(CRON_)?TZ=\S+ ", "", schedule.cron).split()) == 5, "schedule.cron is invalid.")
    _require(schedule.max_concurrent_run_count > 0, "schedule.max_concurrent_run_count must be positive.")
    schedule.state = types.Schedule.State.ACTIVE
    return schedule


def _parse(kind: type[Resource], body: bytes) -> Resource:
    """Reads the JSON of a resource; a field that its kind does not have is refused."""
    try:
        return cast(Resource, kind.from_json(body.decode(), ignore_unknown_fields=False))
    except (ParseError, UnicodeDecodeError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", str(error)) from None


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ApiError(HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", message)
