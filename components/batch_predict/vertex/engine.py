"""The engine `vertex`: one batch prediction job of the service, its answers sorted into the shards of the plan."""

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.cloud import aiplatform

from ...data.progress import Progress
from ...errors import FinalError, InputError
from ...vertex.connect import connect, patiently, refusals_as_sentences
from ...vertex.fingerprint import fingerprint
from ...vertex.gcp_resources import GcpResources
from ...vertex.jobs import BATCH_PREDICTION, Runner
from ..job import Job
from ..plan import digest_of
from .answered import Answered
from .job import create_job
from .monitoring import monitoring_config
from .settings import VertexBatchSettings, check_settings
from .staging import Staged, stage_requests
from .target import Target, registered_target, unmanaged_target
from .wording import ImageUriWording, KeyedWording, Wording, asked


def predict_on_vertex(job: Job, settings: VertexBatchSettings, poll_seconds: float = 60.0) -> None:
    """Predicts the records of a job with Vertex AI, and writes the very files that this machine would write.

    A job of the service that runs already, or has run, for the same inputs and model is gone on with. SIGTERM and
    Ctrl-C cancel the running one. A record for which the service gives no answer becomes an error line.

    Args:
        job: what is to be predicted, with what, to where.
        settings: where on the service, as whom; `settings.model` names a registered model.
        poll_seconds: from one look at the service's job to the next, at most.

    Raises:
        InputError: a setting cannot be used, or the account lacks a right.
        FinalError: the service's job failed, or the service refuses it.
    """
    check_settings(settings)
    record = Path(settings.gcp_resources) if settings.gcp_resources else None
    runner = Runner(GcpResources(record), poll_seconds)
    with refusals_as_sentences(), TemporaryDirectory() as room:
        connect(settings.project, settings.location)
        target = _target(job, settings)
        watched = (settings.monitoring_data, settings.monitoring_target)
        mark = fingerprint(job.source.digest, target.identity, settings.encryption_key, settings.staging, watched)
        batch = _Batch(job, settings, target, f"{settings.staging.rstrip('/')}/graduate/{mark}", mark, runner)
        with closing(Answered(Path(room) / "answers", batch.wording)) as answers:
            batch.predict(answers)
            _write(job, answers)


@dataclass(frozen=True)
class _Batch:
    """A job as the service is to do it.

    Attributes:
        job: what is to be predicted.
        settings: where on the service, as whom.
        target: what is predicted with.
        folder: gs:// URI, of these inputs and this model alone.
        mark: fingerprint of it all.
        runner: waits for the service.
    """

    job: Job
    settings: VertexBatchSettings
    target: Target
    folder: str
    mark: str
    runner: Runner

    @property
    def wording(self) -> Wording:
        return KeyedWording() if self.target.takes_key else ImageUriWording(f"{self.folder}/images")

    def predict(self, answers: Answered) -> None:
        """Asks for all records; what is wrong with one before it is sent is its answer.

        Those whose requests fail as a whole are asked for once more, each alone, so that a bad one costs no others.
        """
        monitoring = monitoring_config(self.settings, self.job.predictor, self.folder)
        staged = stage_requests(self.job.source, self.wording, self.folder, self.job.plan.shard_size)
        answers.read(f"{self.folder}/faults")
        if staged.requests:
            results = self._run(staged, self.folder, self.mark, monitoring)
            answers.read(results)
            # AutoML's models answer for each instance, and of an image that is asked for twice only once.
            if self.target.takes_key and len(answers) < self.job.source.count:
                self._predict_lost(answers, fingerprint(self.mark, results))

    def _predict_lost(self, answers: Answered, mark: str) -> None:
        lost = self.job.source.count - len(answers)
        print(f"{lost:,} {self.job.source.unit} have no answer: asking for each of them alone", flush=True)
        folder = f"{self.folder}/again-{mark}"
        size = self.job.plan.shard_size
        staged = stage_requests(self.job.source, self.wording, folder, size, lambda each: each not in answers)
        answers.read(f"{folder}/faults")  # of files that have gone since
        if not staged.requests:
            return
        try:
            answers.read(self._run(replace(staged, most_at_once=1), folder, mark))
        except FinalError as error:
            print(f"{error}\nThe records without an answer are told as errors.", flush=True)

    def _run(self, staged: Staged, folder: str, mark: str, monitoring: Any = None) -> str:
        """The folder of the service's results."""
        launch = partial(create_job, self.settings, self.target, staged, folder, mark, monitoring)
        done: Any = self.runner.run(BATCH_PREDICTION, mark, launch)
        return done.to_dict()["outputInfo"]["gcsOutputDirectory"]


def _target(job: Job, settings: VertexBatchSettings) -> Target:
    if settings.model:
        return registered_target(patiently(lambda: aiplatform.Model(settings.model)))
    if job.predictor is None:
        raise InputError("neither a model folder nor a registered model (vertex_model) is given")
    if job.predictor.input["kind"] == "series":
        raise InputError(f"{job.predictor.name} forecasts from the whole past of a series: use engine=local")
    digest = digest_of(job.predictor, job.reading)
    folder = f"{settings.staging.rstrip('/')}/graduate/models/{digest}"
    return unmanaged_target(job.predictor, Path(job.local_model), job.reading, folder)


def _write(job: Job, answers: Answered) -> None:
    progress = Progress("write", job.source.unit, job.to_do)
    for shard, chunk in job.chunks():
        job.results.write(shard, map(answers.line, asked(chunk, shard * job.plan.shard_size)))
        progress.advance(len(chunk))
    progress.finish()
