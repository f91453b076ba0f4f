"""The models of this library in Beam's RunInference.

https://beam.apache.org/documentation/ml/about-ml/
"""

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from ...prediction.fetch import fetch_model
from ...prediction.predictor import Predictor, open_predictor
from ...prediction.reading import Reading
from ..material import Line
from ..records import Chunk, Rows
from ..shard import lines_of

NAMESPACE = "graduate"


class ChunkHandler(ModelHandler[Chunk, list[Line], Predictor]):
    """Predicts chunks of records as they are in the input: image files are read and decoded here, in the worker.

    A record that cannot be predicted becomes a line that says why; the others of its chunk, and of Beam's batch, are
    predicted as if it were not there. Images of different sizes need no care.

    A session computes on the thread that calls it, and all threads of a process share one: the model is loaded once for
    each process. Processes do not share it, as then one process's session would compute for all of them.
    """

    def __init__(self, model: str, reading: Reading) -> None:
        """Keeps settings alone, since Beam sends the handler to every worker.

        Args:
            model: path or gs:// URI that the workers read it from.
            reading: for an ONNX file alone, how it takes images.
        """
        # A chunk is a batch already: more of them at once would only take memory.
        super().__init__(min_batch_size=1, max_batch_size=1)
        self._model = model
        self._reading = reading

    def load_model(self) -> Predictor:
        """Opens the model, once in a process.

        Raises:
            InputError: it cannot be read, or is none.
        """
        return opened(self._model, self._reading)

    def run_inference(
        self, batch: Sequence[Chunk], model: Predictor, inference_args: dict[str, Any] | None = None
    ) -> Iterator[list[Line]]:
        """Yields for each chunk a line {"key", "instance", "prediction" or "error"} per record, in order.

        Raises:
            StorageUnavailableError: Cloud Storage could not be asked for a record's file. Dataflow repeats the bundle.
        """
        for chunk in batch:
            yield list(lines_of(model, chunk))

    def get_num_bytes(self, batch: Sequence[Chunk]) -> int:
        """Bytes that came to the worker with the chunks; of an image file it is the name alone."""
        return sum(map(_num_bytes, batch))

    def get_metrics_namespace(self) -> str:
        """Where Beam's metrics of the model, such as its latency, are found."""
        return NAMESPACE


@cache
def opened(model: str, reading: Reading) -> Predictor:
    """A model, fetched and opened once in this process."""
    with tempfile.TemporaryDirectory() as copy:
        return open_predictor(fetch_model(model, Path(copy)), reading)


def _num_bytes(chunk: Chunk) -> int:
    if isinstance(chunk, Rows):
        return chunk.batch.nbytes
    return sum(len(record.payload) or len(record.uri) for record in chunk)
