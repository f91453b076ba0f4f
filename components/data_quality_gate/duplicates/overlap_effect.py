"""What the baseline's metric would be on a test split without the items that it has seen in training."""

from collections.abc import Collection, Iterator

from ...data.dataset import Dataset
from ...data.items import Task
from ...errors import InputError
from ...models import predictions as prediction_files
from ...models.detection_metrics import detection_metrics
from ...models.folder import ModelFolder
from ...models.metrics import default_metric, measure, truths
from ..findings import Counterfactual

_FEWEST_LEFT = 20
_NOTE = "Measured on the baseline's own predictions of the test split, with and without these items."


def without_copies(data: Dataset, baseline: ModelFolder, ids: Collection[str]) -> Iterator[Counterfactual]:
    """Yields the metric with and without some test items; nothing where it cannot be measured on the others.

    Args:
        data: the data set.
        baseline: whose predictions of the test split are measured.
        ids: of the items to leave out.
    """
    left = data.counts["test"] - len(ids)
    if not ids or left < _FEWEST_LEFT or not baseline.predictions("test").is_file():
        return
    metric = default_metric(data)
    try:
        before, after = (_measured(data, baseline, without)[metric] for without in (frozenset(), frozenset(ids)))
    except InputError:  # Of a test split without labels nothing can be measured.
        return
    copies = f"{len(ids):,} {'copy' if len(ids) == 1 else 'copies'}"
    yield Counterfactual(f"leave the {copies} out of test", metric, before, after, _NOTE)


def _measured(data: Dataset, baseline: ModelFolder, without: frozenset[str]) -> dict[str, float]:
    predictions = prediction_files.read(baseline.predictions("test"))
    if data.task is Task.OBJECT_DETECTION:
        items = [item for item in data.items("test") if item.id not in without]
        return detection_metrics(items, {name: {**each} for name, each in predictions}, baseline.labels)
    truth = {name: value for name, value in truths(data, "test").items() if name not in without}
    return measure(data.task, baseline.labels, truth, predictions)
