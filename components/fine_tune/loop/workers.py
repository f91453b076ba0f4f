"""The machines and accelerators that share the batches of a training."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import tensorflow as tf

from ...errors import InputError

# How long a worker waits for the others, which may be writing a checkpoint; without an end if one of them has died.
PATIENCE_SECONDS = 600.0
# The same where each first decodes all images or computes their features, which takes some longer than others. One that
# is killed meanwhile is still noticed, by TensorFlow's heartbeats.
START_PATIENCE_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class Workers:
    """The processes of a training, of which this is one.

    Attributes:
        rank: of this process, from 0.
        count: of processes.
        replicas: accelerators of all of them, which each take an equal part of a batch.
    """

    rank: int
    count: int
    replicas: int

    @property
    def is_chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def rows(self, batch_size: int) -> slice:
        """This worker's part of a batch: contiguous, by rank.

        Raises:
            InputError: the replicas' parts would not be equal.
        """
        if batch_size % self.replicas:
            raise InputError(
                f"batch_size {batch_size} cannot be shared by {self.replicas} replicas: give a multiple of them"
            )
        part = batch_size // self.count
        return slice(self.rank * part, (self.rank + 1) * part)


@cache
def strategy() -> tf.distribute.Strategy:
    """How this process shares the training. Call it before anything else of TensorFlow; build networks in its scope.

    `TF_CONFIG` with several workers (https://www.tensorflow.org/guide/distributed_training#TF_CONFIG), a TPU, several
    GPUs; or else the default strategy, which shares nothing.
    """
    if _several_workers():
        options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=PATIENCE_SECONDS)
        return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    if "TPU_NAME" in os.environ:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def workers() -> Workers:
    """The processes of this training."""
    replicas = strategy().num_replicas_in_sync
    if not _several_workers():
        return Workers(0, 1, replicas)
    resolver = strategy().cluster_resolver
    tasks = resolver.cluster_spec().as_dict()
    ranks = [(kind, index) for kind in ("chief", "worker") for index in range(len(tasks.get(kind, ())))]
    return Workers(ranks.index((resolver.task_type, resolver.task_id)), len(ranks), replicas)


def mean_of_workers(values: Mapping[str, float], patience: float = 0.0) -> dict[str, float]:
    """Means over the processes, so that all go on from the same numbers; each process must call it.

    Args:
        values: by name.
        patience: how long to wait for the others, in seconds; 0 for the usual time.
    """
    if workers().count == 1:
        return dict(values)

    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=patience or PATIENCE_SECONDS)

    @tf.function
    def reduce(numbers: tf.Tensor) -> tf.Tensor:
        context: Any = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.identity(numbers), options)

    means = strategy().run(reduce, args=(tf.constant(list(values.values()), tf.float64),))
    return dict(zip(values, strategy().experimental_local_results(means)[0].numpy().tolist(), strict=True))


@contextmanager
def lost_workers_as_a_sentence() -> Iterator[None]:
    """Says it plainly when another worker has ended.

    Raises:
        ConnectionError: in place of TensorFlow's errors. Unlike after an `InputError`, a retry makes sense.
    """
    try:
        yield
    except (tf.errors.DeadlineExceededError, tf.errors.UnavailableError, tf.errors.AbortedError) as error:
        if workers().count == 1:
            raise
        raise ConnectionError(
            "another worker of this training has ended or does not answer: start all of them again, and they go on "
            "from the last checkpoint"
        ) from error


def _several_workers() -> bool:
    tasks = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
    return len(tasks.get("chief", [])) + len(tasks.get("worker", [])) > 1
