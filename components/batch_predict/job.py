"""What an engine is given to do."""

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import InputError
from ..prediction.predictor import Predictor
from ..prediction.reading import Reading
from .plan import Plan
from .records import Chunk, Source
from .results import Results


@dataclass(frozen=True)
class Job:
    """A batch: what is to be predicted, with what, to where. An engine writes every shard that is not `finished`.

    Attributes:
        input: path or gs:// URI that `source` was opened from.
        model: path or gs:// URI of the model, as the user gave it; "" for one that only a service has.
        local_model: path of the same on this machine.
        reading: for an ONNX file alone, how it takes images.
        predictor: the same, opened; None for one that only a service has.
        source: the records.
        plan: of the shards.
        results: where the shards are written to (`results.write`).
        finished: shards that an earlier run has written.
    """

    input: str
    model: str
    local_model: str
    reading: Reading
    predictor: Predictor | None
    source: Source
    plan: Plan
    results: Results
    finished: frozenset[int]

    @property
    def name(self) -> str:
        """Short name of the model, for people."""
        return self.predictor.name if self.predictor else self.model

    @property
    def is_multi_label(self) -> bool:
        """Whether an item may have several labels."""
        return bool(self.predictor and self.predictor.is_multi_label)

    @property
    def to_do(self) -> int:
        """How many records are in the shards that are not finished."""
        return self.plan.inputs - sum(map(self.plan.size, self.finished))

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Yields the shards that are not finished, with their records, reading as it goes.

        Raises:
            InputError: there are not as many records as were counted.
        """
        missing = set(range(self.plan.shards)) - self.finished
        for shard, chunk in enumerate(self.source.chunks(self.plan.shard_size)):
            if len(chunk) != self.plan.size(shard):
                break
            if shard in missing:
                missing.remove(shard)
                yield shard, chunk
            if not missing and shard < self.plan.shards - 1:
                return
        else:
            if not missing:
                return
        raise InputError(
            f"{self.input} had {self.plan.inputs:,} {self.source.unit} when it was opened, and has another number now: "
            "run again, with another output folder, when nobody writes to it"
        )
