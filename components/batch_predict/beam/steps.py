"""The steps around the model: an input read into shards, and their lines written. They hold plain settings alone."""

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.metrics.metric import Metrics

from ...data import storage
from ...prediction.reading import Reading
from ..inputs.open import open_source
from ..material import Line
from ..plan import Plan
from ..records import Chunk
from ..results import Results
from .handler import NAMESPACE, opened


class ReadShards(beam.DoFn):
    """Reads an input into the shards that are not finished: elements (shard, its records)."""

    def __init__(self, model: str, reading: Reading, plan: Plan, finished: frozenset[int]) -> None:
        self._model = model
        self._reading = reading
        self._plan = plan
        self._finished = finished

    def process(self, element: str) -> Iterator[tuple[int, Chunk]]:
        """Yields the shards of the input of that path or URI.

        Raises:
            RuntimeError: it is not what the plan was made for.
        """
        source = open_source(element, opened(self._model, self._reading))
        if source.digest != self._plan.inputs_digest:
            raise RuntimeError(f"{element} has changed since this run was planned: run again, to another folder")
        for shard, chunk in enumerate(source.chunks(self._plan.shard_size)):
            if shard not in self._finished:
                yield shard, chunk


class WriteShard(beam.DoFn):
    """Writes the files of a shard, once: Beam may have a bundle predicted again, or by two workers at a time."""

    def __init__(self, results: Results) -> None:
        self._results = results
        self._counts = {name: Metrics.counter(NAMESPACE, name) for name in ("results", "errors")}

    def process(self, element: tuple[int, list[Line]]) -> None:
        """Writes the lines of a shard, and counts them for Beam's own metrics.

        Raises:
            FileExistsError: a shard that is not finished has a file of another content.
        """
        shard, lines = element
        errors = sum("error" in line for line in lines)
        try:
            self._results.write(shard, lines)
        except FileExistsError:
            # On another kind of processor the last bits of a float may be others: who was first has written the shard.
            if not storage.exists(self._results.results_file(shard)):
                raise
        self._counts["errors"].inc(errors)
        self._counts["results"].inc(len(lines) - errors)
