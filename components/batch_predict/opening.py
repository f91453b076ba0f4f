"""Model, input and output of a batch, opened."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..data import storage
from ..errors import InputError
from ..prediction.fetch import fetch_model
from ..prediction.predictor import Predictor, open_predictor
from ..prediction.reading import Reading
from .choices import ResultsFormat
from .inputs.open import open_source
from .job import Job
from .plan import FILE, Plan, digest_of, pinned, shard_size
from .results import Results, fields_of


@contextmanager
def opened(
    input: str,
    model: str,
    reading: Reading,
    output: str,
    kept: tuple[ResultsFormat, float, int],
    options: Mapping[str, Any],
    copy: Path,
) -> Iterator[Job]:
    """Opens a batch, and holds its output folder.

    Args:
        input: path or gs:// URI of what is predicted.
        model: path or gs:// URI of the model; "" for one that `options` name in a registry.
        reading: how an ONNX file takes images.
        output: path or gs:// URI of the folder for results.
        kept: format of the results, and the least confidence and the most of a prediction that is kept in them.
        options: of the engine.
        copy: folder for what of the model is brought to this machine.

    Raises:
        InputError: model and input do not fit, or the output folder holds something else.
    """
    local_model, predictor = _model(model, reading, options, copy)
    source = open_source(input, predictor)
    if source.unit == "rows" and kept[0] == "parquet":
        _check_apart(input, output)
    plan = Plan(digest_of(predictor, reading), source.digest, source.count, shard_size(source), *kept)
    results = Results(output, plan.shards, fields_of(predictor.task), *kept)
    with pinned(plan, output):
        finished = frozenset(results.finished())
        yield Job(input, model, str(local_model), reading, predictor, source, plan, results, finished)


def settings_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an engine by the names of its own settings."""
    return {name.partition("_")[2]: value for name, value in options.items()}


def _check_apart(input: str, output: str) -> None:
    """Refuses results that the next run would take for input."""
    file = storage.join(output, FILE)
    if storage.relative_name(file, input) != file:
        raise InputError(
            f"the output {output} lies in the input {input}, where its tables would be input: put it elsewhere"
        )


def _model(model: str, reading: Reading, options: Mapping[str, Any], copy: Path) -> tuple[Path, Predictor]:
    """Where the model is on this machine, and the model opened: a broken one is said once, and not by every worker."""
    registered = options.get("vertex_model")
    if not registered:
        local_model = fetch_model(model, copy)
        return local_model, open_predictor(local_model, reading)
    if model:
        raise InputError(f"model is {model!r} and vertex_model {registered!r}: give one, the other empty")
    from .vertex.registered import VertexBatchSettings, open_registered

    return open_registered(VertexBatchSettings(**settings_of(options)), reading, copy)
