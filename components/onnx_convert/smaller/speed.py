"""How fast files are beside one another, called as batch prediction calls them."""

import time
from collections.abc import Sequence

from ...data.dataset import Dataset
from ...errors import InputError
from ...models.folder import ModelFolder
from ...models.onnx_runner import OnnxRunner
from .samples import Sample, batches
from .timing import side_by_side

_ROWS = 1024  # in a call of a model of tables; of images a call has one


def latencies(models: Sequence[ModelFolder], dataset: Dataset) -> list[float]:
    """Seconds that a call of each model folder's ONNX file computes, on one thread, with the same training items.

    Raises:
        InputError: none of the items can be read.
    """
    some = Sample("train", Sample.of(dataset, "train").ids[:_ROWS])
    batch = next(batches(models[0], dataset, some, "time"), None)
    if batch is None:
        raise InputError("none of the training items that it would be timed with can be read")
    inputs, runners = batch.tensors, {str(place): OnnxRunner(model) for place, model in enumerate(models)}
    calls = {name: lambda runner=runner: runner.run(inputs) for name, runner in runners.items()}
    return list(side_by_side(calls, clock=time.thread_time).values())
