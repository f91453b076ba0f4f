"""Every line of the results counted, after they were written, whoever wrote them."""

from collections import Counter
from dataclasses import dataclass, field

from ..data.progress import Progress
from ..data.threads import map_in_order
from ..models.predictions import predicted_labels
from ..reports.pictures import predicted_boxes
from .job import Job
from .material import Line

# From this confidence on a box is counted and drawn.
MIN_CONFIDENCE = 0.5
SAMPLE = 12
LISTED = 50
_VALUES = 10_000


@dataclass
class Tally:
    """Counts over all result and error files, with a few lines of each.

    Attributes:
        results: lines of the result files.
        errors: lines of the error files.
        labels: how often each label was predicted: boxes from `MIN_CONFIDENCE` on, most probable labels, or
            where items may have several, those from 0.5 on.
        values: predicted values (regression) of at most 10,000 results, evenly spread.
        sample: a few result lines, evenly spread.
        first_results: the first result lines.
        first_errors: the first error lines.
    """

    results: int = 0
    errors: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    values: list[float] = field(default_factory=list)
    sample: list[Line] = field(default_factory=list)
    first_results: list[Line] = field(default_factory=list)
    first_errors: list[Line] = field(default_factory=list)

    @property
    def first_error(self) -> str:
        """Message of the first error, or ""."""
        return self.first_errors[0]["error"]["message"] if self.first_errors else ""


def tally(job: Job) -> Tally:
    """Counts the lines of every shard.

    Raises:
        RuntimeError: a shard is damaged, or does not hold each of its inputs as a result or an error.
        OSError: one may not be read.
    """
    counted, progress = Tally(), Progress("check", job.source.unit, job.plan.inputs)
    for shard, contents in enumerate(map_in_order(job.results.contents, range(job.plan.shards))):
        before = counted.results + counted.errors
        try:
            for line in job.results.lines(*contents):
                _count(counted, line, job)
        except ValueError as error:  # of orjson and of pyarrow
            file = job.results.results_file(shard)
            raise RuntimeError(f"{file} or its error file is damaged ({error}): remove both and run again") from error
        held = counted.results + counted.errors - before
        if held != job.plan.size(shard):
            raise RuntimeError(
                f"{job.results.results_file(shard)} and its error file hold {held} lines for {job.plan.size(shard)} "
                "inputs: remove both and run again"
            )
        progress.advance(held)
    return counted


def said_labels(line: Line, is_multi_label: bool) -> list[str]:
    """The most probable label, or where an item may have several, all that it is said to have."""
    prediction = line["prediction"]
    return predicted_labels(prediction) if is_multi_label else prediction["displayNames"][:1]


def _count(counted: Tally, line: Line, job: Job) -> None:
    if "error" in line:
        counted.errors += 1
        if counted.errors <= LISTED:
            counted.first_errors.append(line)
        return
    if counted.results % -(-job.plan.inputs // SAMPLE) == 0:
        counted.sample.append(line)
    if counted.results < SAMPLE:
        counted.first_results.append(line)
    if counted.results % -(-job.plan.inputs // _VALUES) == 0 and "value" in line["prediction"]:
        counted.values.append(line["prediction"]["value"])
    counted.labels.update(_labels(line, job.is_multi_label))
    counted.results += 1


def _labels(line: Line, is_multi_label: bool) -> list[str]:
    prediction = line["prediction"]
    if "bboxes" in prediction:
        return [box.label for box in predicted_boxes(prediction, MIN_CONFIDENCE)]
    return said_labels(line, is_multi_label) if "displayNames" in prediction else []
