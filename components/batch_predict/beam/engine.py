"""The engine `beam`: batch prediction as a pipeline, on this machine or on Dataflow.

    read      one worker goes through the input once, and cuts it into shards
    spread    over the workers
    predict   Beam's RunInference with our `ChunkHandler`
    write     the files of a shard, as soon as it is predicted

A shard stays in one piece: were its records spread and grouped again, Beam would write nothing before everything was
predicted, and a run that was killed would have nothing to go on from.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.ml.inference.base import KeyedModelHandler, RunInference
from apache_beam.options.pipeline_options import PipelineOptions

from ...data.progress import Progress
from ...vertex.stopping import cancelled_when_stopped
from ..job import Job
from .handler import ChunkHandler
from .settings import BeamSettings
from .steps import ReadShards, WriteShard

_SECONDS_BETWEEN_LOOKS = 5.0


def predict_on_beam(job: Job, settings: BeamSettings) -> None:
    """Predicts the shards of a job that are not finished, and writes them as the other engines do.

    On Dataflow the workers fetch the model, open the input and write the results by themselves, and SIGTERM and Ctrl-C
    cancel the job.

    Args:
        job: what is to be done.
        settings: where.

    Raises:
        InputError: Dataflow could not run this; see `BeamSettings.check`.
        RuntimeError: the pipeline failed, or did not write a shard.
    """
    settings.check(job.input, job.model, job.results.folder, job.reading.labels)
    if not job.to_do:
        return
    # Without flags it would look for some in the command line of this process.
    options = PipelineOptions([], **settings.options(f"graduate-{job.plan.digest[:20]}"))
    pipeline = _pipeline(job, options)
    with _progress(job):
        result = pipeline.run()
        with cancelled_when_stopped(result.cancel):
            result.wait_until_finish()
    if missing := set(range(job.plan.shards)) - job.results.finished():
        raise RuntimeError(f"the pipeline ended without shard {min(missing)} of {job.plan.shards}: run again")


def _pipeline(job: Job, options: PipelineOptions) -> beam.Pipeline:
    pipeline = beam.Pipeline(options=options)
    _ = (
        pipeline
        | "input" >> beam.Create([job.input])
        | "read" >> beam.ParDo(ReadShards(job.model, job.reading, job.plan, job.finished))
        | "spread" >> beam.Reshuffle()
        | "predict" >> RunInference(KeyedModelHandler(ChunkHandler(job.model, job.reading)))
        | "write" >> beam.ParDo(WriteShard(job.results))
    )
    return pipeline


@contextmanager
def _progress(job: Job) -> Iterator[None]:
    """Says now and then how much is written: a runner does not, and each of its workers knows its own part alone."""
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(job, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(job: Job, ended: threading.Event) -> None:
    progress, seen, is_over = Progress("predict", job.source.unit, job.to_do), job.finished, False
    while not is_over:
        is_over = ended.wait(_SECONDS_BETWEEN_LOOKS)
        finished = job.results.finished()
        progress.advance(sum(map(job.plan.size, finished - seen)))
        seen = finished
    progress.finish()
