"""What kinds of training have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import proto
from google.cloud.aiplatform_v1 import types

from .checks import Checks
from .datasets import Datasets
from .errors import ApiError

Instance = Any
# The predictions of instances; an error stands for one that cannot be predicted for.
Predict = Callable[[Sequence[Instance], dict[str, Any]], list[dict[str, Any] | ApiError]]


@dataclass(frozen=True)
class Trial:
    """A setting that was tried, and what it reached on the validation split."""

    hyperparameters: dict[str, Any]
    objective: float


@dataclass(frozen=True)
class Trained:
    """What a training has learned.

    Attributes:
        predict: (instances, model parameters) to predictions.
        metrics: of the test split, in the structure of `metrics_schema`.
        metrics_schema: URI.
        metadata: the training's `trainingTaskMetadata`.
        labels: names of the labels, in the order of their numbers; () if it predicts numbers.
        attributions: mean attribution of each column; {} if it has none.
        trials: what was tried, the chosen one first.
        export_formats: identifiers.
        input_formats: of batch predictions; () if the model predicts outside of the service only.
        log_type: under which its hyperparameters are logged; "" if they are not.
        images: whether instances are images.
    """

    predict: Predict
    metrics: dict[str, Any]
    metrics_schema: str
    metadata: dict[str, Any]
    labels: tuple[str, ...] = ()
    attributions: dict[str, float] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    export_formats: tuple[str, ...] = ("tf-saved-model",)
    input_formats: tuple[str, ...] = ("csv", "jsonl")
    log_type: str = ""
    images: bool = False


class Task(ABC):
    """A kind of training.

    Attributes:
        inputs_type: type of its `trainingTaskInputs`.
        dataset_schema: metadata schema of the datasets that it trains on.
        splits: the kinds of splits that it takes.
        annotation_schema: what it learns of images; "" for tables.
    """

    inputs_type: ClassVar[type[proto.Message]]
    dataset_schema: ClassVar[str]
    splits: ClassVar[tuple[str, ...]]
    annotation_schema: ClassVar[str] = ""

    @abstractmethod
    def check(self, checks: Checks, inputs: Any) -> None:
        """Checks the inputs field by field."""

    @abstractmethod
    def train(self, inputs: Any, datasets: Datasets, dataset: str, config: types.InputDataConfig) -> Trained:
        """Trains on a dataset, given by its name.

        Raises:
            ApiError: the data are not such as it can be trained on.
        """


def spent(budget: int, least: int, whole: bool) -> int:
    """What a training costs, in milli node hours: half the budget unless it may not stop early."""
    return budget if whole else max(budget // 2, least)
