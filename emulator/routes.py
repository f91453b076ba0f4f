"""From the path of a request to what it does (https://aiplatform.googleapis.com/$discovery/rest)."""

import re
from collections.abc import Mapping
from typing import Any

import proto
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from .batch_prediction import BatchPredictionJobs
from .datasets import Datasets
from .errors import not_built
from .kinds import Kind, Shared
from .logging_entries import LogEntries
from .models import Evaluations, Models
from .pipelines import PipelineJobs, Schedules
from .training import TrainingPipelines
from .vizier import Studies, Trials

# The SDK asks for operations under /ui/, as the first of the paths that the service has for them.
_PATH = re.compile(
    r"/(?:v1|v1beta1|ui)/(?P<name>(?P<parent>projects/[^/]+/locations/[^/]+(?:/\w+/[^/:]+)*?)/(?P<collection>\w+)(?:/[^/:]+)?)"
    r"(?::(?P<verb>\w+))?"
)


class Routes:
    """All that the emulator answers.

    Attributes:
        shared: clock, faults and resources.
        logs: what Cloud Logging has.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.logs = LogEntries()
        datasets, models = Datasets(shared), Models(shared)
        kinds: tuple[Kind, ...] = (
            PipelineJobs(shared),
            Schedules(shared),
            datasets,
            TrainingPipelines(shared, datasets, models, self.logs),
            models,
            Evaluations(shared),
            BatchPredictionJobs(shared, models),
            Studies(shared),
            Trials(shared),
        )
        self._kinds = {kind.collection: kind for kind in kinds}

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The JSON that answers a request.

        Raises:
            ApiError: the service refuses it, or there is no such method.
        """
        if (method, path) == ("POST", "/v2/entries:list"):
            return self.logs.list(body)
        match = _PATH.fullmatch(path)
        if not match:
            raise not_built(f"The emulator has no {method} {path}")
        if method == "GET":
            self.shared.clock.look()
        # $alt and the like say how, not what; the SDK sends them with every request.
        asked = {name: value for name, value in query.items() if not name.startswith("$")}
        return _as_json(self._reply(method, match, asked, body))

    def _reply(self, method: str, match: re.Match[str], query: Mapping[str, str], body: bytes) -> Any:
        name, parent, collection, verb = match["name"], match["parent"], match["collection"], match["verb"]
        of_resource = name != f"{parent}/{collection}"
        if collection == "operations" and of_resource:
            return self._operation(method, name, verb)
        kind = self._kinds.get(collection)
        match (method, of_resource, verb):
            case ("POST", False, None) if kind:
                return kind.create(parent, body, query.get("pipelineJobId", ""))
            case ("GET", False, None) if kind:
                return kind.list(parent, query)
            case ("GET", True, None) if kind:
                return kind.get(name)
            case ("DELETE", True, None) if kind:
                return kind.delete(name)
            case ("POST", False, str()) if kind and verb in kind.collection_verbs:
                return kind.collection_verbs[verb](parent, body)
            case ("POST", True, str()) if kind and verb in kind.verbs:
                return kind.verbs[verb](name, body)
        raise not_built(f"The emulator has no {method} {match.string}")

    def _operation(self, method: str, name: str, verb: str | None) -> Message:
        match (method, verb):
            case ("GET", None):
                return self.shared.operations.get(name)
            case ("POST", "cancel"):
                return self.shared.operations.cancel(name)
        raise not_built(f"The emulator has no {method} {name}:{verb}")


def _as_json(message: proto.Message | Message) -> dict[str, Any]:
    plain = type(message).pb(message) if isinstance(message, proto.Message) else message
    return MessageToDict(plain)
