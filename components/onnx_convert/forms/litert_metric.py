"""The task metric of a LiteRT file on the whole test split, beside its source's."""

from dataclasses import dataclass, replace

from ...models import predictions
from ..smaller.record import loss_of
from ..smaller.samples import Sample
from ..smaller.score import metric_of, metric_on
from .form_proof import FormProof
from .job import Job
from .litert_answers import answer, predictions_of
from .litert_file import LiteRTFile


@dataclass(frozen=True)
class Measured:
    """The metric's name, and its value of the source and of the form."""

    metric: str
    before: float
    after: float

    @property
    def loss(self) -> float:
        """By how much the form is worse, see `smaller.record.Attempt.loss`."""
        return loss_of(self.metric, self.before, self.after)

    def put_in(self, proof: FormProof) -> FormProof:
        """The record with these figures."""
        return replace(proof, metric=self.metric, metric_before=self.before, metric_after=self.after)


def measure(job: Job, file: LiteRTFile) -> Measured:
    """Predicts the test split, and measures that, beside what the source recorded when it was trained.

    A SavedModel that came alone has recorded nothing, and predicts here.

    Raises:
        InputError: none of its items can be read, or measured on.
    """
    assert job.folder
    assert job.dataset
    found = predictions_of(job, lambda item: answer(job, file, item))
    recorded = job.folder.predictions("test")
    source = dict(predictions.read(recorded)) if recorded.is_file() else predictions_of(job, job.model)
    sample, both = Sample.of(job.dataset, "test"), found.keys() & source.keys()
    before, after = (
        metric_on(job.dataset, sample, {identity: each[identity] for identity in both}) for each in (source, found)
    )
    return Measured(metric_of(job.dataset), before, after)
