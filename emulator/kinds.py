"""What every kind of resource can do."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import proto
from google.cloud.aiplatform_v1 import types

from .checks import parse
from .clock import Clock
from .errors import not_built
from .faults import Faults
from .listing import page
from .operations import Operations
from .resources import Resources


@dataclass
class Shared:
    """What all kinds of resources work with."""

    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    resources: Resources = field(default_factory=Resources)

    def __post_init__(self) -> None:
        self.operations = Operations(self.clock, self.resources)


class Kind:
    """A kind of resource, kept in a collection of the REST interface. A new one is a subclass, named in `routes.py`.

    Attributes:
        collection: the collection's name in paths, such as trainingPipelines.
        message: type of its resources, in `google.cloud.aiplatform_v1.types`.
        plural: of the type's name; "" for the name and an s.
    """

    collection: ClassVar[str]
    message: ClassVar[type[proto.Message]]
    plural: ClassVar[str] = ""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared

    @property
    def verbs(self) -> Mapping[str, Callable[[str, bytes], Any]]:
        """What can be done to a resource besides get and delete: (name, body) to an answer, by the word after `:`."""
        return {}

    @property
    def collection_verbs(self) -> Mapping[str, Callable[[str, bytes], Any]]:
        """What can be done to a collection besides list and create: (parent, body) to an answer."""
        return {}

    def create(self, parent: str, body: bytes, resource_id: str) -> Any:
        """Creates a resource.

        Args:
            parent: projects/PROJECT/locations/LOCATION.
            body: the resource as JSON.
            resource_id: the last part of its name where the caller chooses it, or "".

        Raises:
            ApiError: it is not one that the service would take.
        """
        raise not_built(f"The emulator creates no {self.collection} in {parent}.")

    def get(self, name: str) -> Any:
        """The resource of a name.

        Raises:
            ApiError: there is none.
        """
        return self.shared.resources.get(name)

    def delete(self, name: str) -> Any:
        """Deletes a resource; gives the operation that does.

        Raises:
            ApiError: there is none, or it cannot be deleted now.
        """
        self.get(name)
        return self.shared.operations.delete(name, lambda: self.shared.resources.remove(name))

    def list(self, parent: str, query: Mapping[str, str]) -> proto.Message:
        """A page of the resources of a parent.

        Raises:
            ApiError: a parameter that there is not, or that cannot be read.
        """
        plural = self.plural or f"{self.message.__name__}s"
        request = parse(getattr(types, f"List{plural}Request"), json.dumps(dict(query)))
        found, token = page(self.message, self.shared.resources.all(parent, self.collection), request)
        response = getattr(types, f"List{plural}Response")
        # The resources are the first field of every such answer.
        return response({next(iter(response.meta.fields)): found, "next_page_token": token})
