"""Whether a LiteRT file answers what TensorFlow answers, item by item."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import tensorflow as tf

from ...models.detection.postprocess import IOU_THRESHOLD
from ..proof.agreement import Agreement
from ..proof.batches import MOST_ITEMS
from ..proof.comparison import difference_of_kind
from ..proof.detections import TOLERANCE, DetectionProof, compare_detections, is_detector
from ..smaller.samples import Sample
from ..tensors import Tensors
from .job import Job
from .litert_answers import answer, any_items, real_items
from .litert_file import LiteRTFile


@dataclass
class Comparison:
    """What was found.

    Attributes:
        items: that both answered.
        outputs: agreement of each output by name; empty for detections.
        detections: matched ones; None where the model is no detector.
        failure: what the file could not answer, one sentence; "" so far.
    """

    items: int = 0
    outputs: dict[str, Agreement] = field(default_factory=dict)
    detections: DetectionProof | None = None
    failure: str = ""

    def add(self, expected: Tensors, found: Tensors) -> None:
        """Compares the answers to one item."""
        self.failure = difference_of_kind(expected, found)
        if self.failure:
            return
        self.items += 1
        if is_detector(expected):
            (matched,) = compare_detections(expected, found, IOU_THRESHOLD)
            self.detections = (self.detections or DetectionProof()) + matched
            return
        for name, value in expected.items():
            self.outputs.setdefault(name, Agreement(name)).add(value, found[name], 1)

    @property
    def fault(self) -> str:
        """Why nothing is proven, one sentence; "" where it is."""
        if self.failure:
            return self.failure
        if not self.items:
            return "TensorFlow answers none of the inputs, so there is nothing to compare"
        if self.detections and not self.detections.detections:
            return "nothing was detected in any picture, so there is nothing to compare: give the data set (--dataset)"
        if self.detections and not self.detections.agrees:
            return f"{self.detections.unmatched} of {self.detections.detections} detections have no match"
        for proof in (each.proof() for each in self.outputs.values()):
            if not proof.agrees:
                return (
                    f"the output {proof.name} departs by {proof.max_abs_difference:.2g}, and {proof.tolerance:.2g} is "
                    "tolerated"
                )
            if not proof.varies:
                return f"the output {proof.name} hardly changes from input to input, so that nothing is proven"
        return ""

    @property
    def differences(self) -> dict[str, float]:
        """The largest by name of what was compared."""
        if self.detections:
            found = self.detections
            return {"score": found.max_score_difference, "box": found.max_box_difference}
        return {name: each.proof().max_abs_difference for name, each in self.outputs.items()}

    @property
    def tolerance(self) -> float:
        """Of detections, or the smallest of the outputs'."""
        return TOLERANCE if self.detections else min((each.tolerance() for each in self.outputs.values()), default=0.0)


def compare(job: Job, file: LiteRTFile) -> Comparison:
    """Compares a file with its source on some of the test split's items, or on made-up ones."""
    comparison = Comparison()
    for item in _items(job):
        try:
            expected = job.model(item)
        except (tf.errors.OpError, ValueError):  # a made-up input may be one that the model has no answer for
            continue
        try:
            found = answer(job, file, item)
        except (RuntimeError, ValueError) as error:  # LiteRT's
            comparison.failure = f"the file cannot answer an item that TensorFlow answers: {error}"
            break
        comparison.add(expected, found)
        if comparison.failure:
            break
    return comparison


def _items(job: Job) -> Iterable[Tensors]:
    if not job.has_data:
        return any_items(job)
    assert job.dataset
    sample = Sample.of(job.dataset, "test").evenly(MOST_ITEMS)
    return (item for _, item in real_items(job, sample, "prove"))
