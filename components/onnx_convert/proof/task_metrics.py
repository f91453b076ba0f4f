"""All metrics of a task, of predictions of one split."""

from collections.abc import Mapping

from ...data.dataset import Dataset
from ...data.items import Task
from ...models import metrics
from ...models.detection_metrics import detection_metrics
from ...models.predictions import Prediction


def metrics_of(dataset: Dataset, split: str, found: Mapping[str, Prediction]) -> dict[str, float]:
    """The task's metrics by name, of predictions by item id; items without one are left out.

    Raises:
        InputError: none of them can be measured on.
    """
    if dataset.task is Task.OBJECT_DETECTION:
        items = [item for item in dataset.items(split) if item.id in found]
        return detection_metrics(items, found, dataset.labels)
    truth = {identity: value for identity, value in metrics.truths(dataset, split).items() if identity in found}
    return metrics.measure(dataset.task, dataset.labels, truth, found.items())
