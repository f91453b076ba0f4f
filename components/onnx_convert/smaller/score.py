"""How well a file predicts the items of a sample."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...data.dataset import Dataset
from ...data.items import Task
from ...models import metrics
from ...models.folder import ModelFolder
from ...models.onnx_runner import OnnxRunner
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ..proof.task_metrics import metrics_of
from ..tensors import Tensors
from .samples import Sample, batches


@dataclass(frozen=True)
class Scored:
    """What a file answers for the items of a sample.

    Attributes:
        metric: of the answers, see `metric_of`.
        outputs: of each call.
    """

    metric: float
    outputs: list[Tensors]


def metric_of(dataset: Dataset) -> str:
    """What a loss is measured by: of detection the mean over the IoU thresholds, since ap50 sees no box that shifts."""
    return "ap" if dataset.task is Task.OBJECT_DETECTION else metrics.default_metric(dataset)


def score(model: ModelFolder, dataset: Dataset, sample: Sample) -> Scored:
    """What a model folder's ONNX file answers for a sample.

    Raises:
        InputError: none of the items can be read, or measured on.
    """
    runner, outputs, found = OnnxRunner(model), list[Tensors](), dict[str, Prediction]()
    for batch in batches(model, dataset, sample, "measure"):
        outputs.append(runner.run(batch.tensors))
        found |= zip(batch.ids, to_predictions(model.task, model.labels, outputs[-1]), strict=True)
    return Scored(metric_on(dataset, sample, found), outputs)


def departure(before: Scored, after: Scored) -> float:
    """The mean absolute difference of the outputs: smaller steps than the metric's, where that is good already."""
    pairs = ((one[name], other[name]) for one, other in zip(before.outputs, after.outputs, strict=True) for name in one)
    return float(np.mean([np.abs(one - other).mean() for one, other in pairs]))


def metric_on(dataset: Dataset, sample: Sample, found: Mapping[str, Prediction]) -> float:
    """The metric (`metric_of`) of predictions of a sample's items, by id; items without one are left out.

    Raises:
        InputError: none of them can be measured on.
    """
    return metrics_of(dataset, sample.split, found)[metric_of(dataset)]
