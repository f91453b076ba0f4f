"""Long-running operations (https://cloud.google.com/vertex-ai/docs/general/long-running-operations)."""

from collections.abc import Callable

import proto
from google.cloud.aiplatform_v1 import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from .clock import Clock
from .errors import ApiError, not_found, not_now
from .resources import Resources, now

# Of the emulator's clock.
_SECONDS = 1.0


class Operations:
    """Operations by name: each is due a second after it was started."""

    def __init__(self, clock: Clock, resources: Resources) -> None:
        self._clock = clock
        self._resources = resources

    def start(self, owner: str, metadata: proto.Message, work: Callable[[], proto.Message | None]) -> Operation:
        """Starts an operation.

        Args:
            owner: name of the resource that it is about.
            metadata: the operation's own, with a field `generic_metadata`; `work` may add to it.
            work: what is done in the end; gives the result, or None where it has none.
        """
        metadata.generic_metadata = types.GenericOperationMetadata(create_time=now(), update_time=now())
        operation = Operation(name=self._resources.new_name(owner, "operations"))
        operation.metadata.Pack(type(metadata).pb(metadata))
        self._resources.add(operation)
        self._clock.after(_SECONDS, lambda: _finish(operation, metadata, work))
        return operation

    def delete(self, name: str, remove: Callable[[], None]) -> Operation:
        """Starts the operation that deletes a resource; `remove` is what it does in the end."""
        return self.start(name, types.DeleteOperationMetadata(), remove)

    def get(self, name: str) -> Operation:
        """The operation of a name.

        Raises:
            ApiError: there is none.
        """
        operation = self._resources.get(name)
        if not isinstance(operation, Operation):
            raise not_found(name)
        return operation

    def cancel(self, name: str) -> Empty:
        """Cancels an operation that is not done.

        Raises:
            ApiError: there is none, or it is done.
        """
        operation = self.get(name)
        if operation.done:
            raise not_now(f"{name} is done and cannot be cancelled.")
        operation.done = True
        operation.error.code, operation.error.message = 1, "The operation was cancelled."
        return Empty()


def _finish(operation: Operation, metadata: proto.Message, work: Callable[[], proto.Message | None]) -> None:
    if operation.done:
        return
    operation.done = True
    try:
        result = work()
        operation.response.Pack(type(result).pb(result) if result is not None else Empty())
    except ApiError as error:
        operation.error.code, operation.error.message = error.code, error.message
    metadata.generic_metadata.update_time = now()
    operation.metadata.Pack(type(metadata).pb(metadata))
