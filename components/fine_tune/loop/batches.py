"""The batches of a stage, made ready in the background."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from ...models.training import batch_indices
from ..settings.config import FineTuneConfig
from .learner import DRAWS, Stage
from .workers import strategy, workers

_AHEAD = 2


def batches(stage: Stage, config: FineTuneConfig, done: int, end: int) -> Generator[Any, None, None]:
    """Yields the batches of a stage as tensors, for all replicas of this process.

    Args:
        stage: whose first step decides the order, with the seed.
        config: resolved.
        done: steps that were taken before, in all stages.
        end: the step that the stage ends with.

    Raises:
        InputError: the batch cannot be shared by the workers.
    """
    rows = workers().rows(config.batch_size or 0)
    orders = batch_indices(stage.count, config.batch_size or 0, end - stage.first_step, config.seed + stage.first_step)

    def fetch(numbered: tuple[int, Any]) -> Any:
        step, chosen = numbered
        draws = np.random.default_rng([config.seed, step]).random((len(chosen), DRAWS), np.float32)
        return _share(dict(stage.fetch(chosen[rows])) | {"draws": draws[rows]})

    numbered = enumerate(orders, stage.first_step + 1)
    return _ahead(fetch, islice(numbered, done - stage.first_step, None))


def _share(batch: dict[str, Any]) -> Any:
    """A worker's part of a batch, cut into the parts of its replicas; plain tensors if it has one only."""
    group = workers()
    replicas = group.replicas // group.count

    def part(context: Any) -> dict[str, tf.Tensor]:
        place = context.replica_id_in_sync_group % replicas
        size = len(batch["draws"]) // replicas
        return {name: tf.convert_to_tensor(values[place * size : (place + 1) * size]) for name, values in batch.items()}

    return strategy().experimental_distribute_values_from_function(part)


def _ahead(function: Callable[[Any], Any], values: Iterable[Any]) -> Generator[Any, None, None]:
    """Maps in one thread, in order and at most `_AHEAD` values ahead of what is asked for."""
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting: deque[Future[Any]] = deque()
        for value in values:
            waiting.append(thread.submit(function, value))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
