"""What the emulator keeps."""

import itertools
from typing import Any, Protocol

from google.protobuf.timestamp_pb2 import Timestamp

from .errors import ApiError, HTTPStatus, not_found


class Resource(Protocol):
    """A message of `google.cloud.aiplatform_v1.types` that has a name."""

    name: str


class Resources:
    """Resources by name, such as projects/p/locations/l/pipelineJobs/j."""

    def __init__(self) -> None:
        self._by_name: dict[str, Any] = {}
        self._ids = itertools.count(1)

    def new_name(self, parent: str, collection: str, resource_id: str = "") -> str:
        """A name in a collection, with the given last part or one of its own.

        Raises:
            ApiError: it is taken.
        """
        name = f"{parent}/{collection}/{resource_id or next(self._ids)}"
        if name in self._by_name:
            raise ApiError(HTTPStatus.CONFLICT, "ALREADY_EXISTS", f"{name} already exists.")
        return name

    def add(self, resource: Resource) -> None:
        """Keeps a resource under its name."""
        self._by_name[resource.name] = resource

    def get(self, name: str) -> Any:
        """The resource of a name.

        Raises:
            ApiError: there is none.
        """
        if name not in self._by_name:
            raise not_found(name)
        return self._by_name[name]

    def remove(self, name: str) -> None:
        """Forgets a resource and all that it contains, but for operations: that which deletes it is one of them."""
        inside = [at for at in self._by_name if f"{at}/".startswith(f"{name}/") and "/operations/" not in at]
        for at in inside:
            del self._by_name[at]

    def all(self, parent: str, collection: str) -> list[Any]:
        """The resources of a collection, oldest first."""
        return [found for name, found in self._by_name.items() if name.rpartition("/")[0] == f"{parent}/{collection}"]


def now() -> Timestamp:
    """The time, for the timestamps of resources."""
    timestamp = Timestamp()
    timestamp.GetCurrentTime()
    return timestamp
