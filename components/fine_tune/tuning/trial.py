"""One trial: a training by fine-tuning's own code that sees nothing of the test split."""

import math
import tempfile
from pathlib import Path

import keras

from ...data.dataset import Dataset
from ...data.items import Task
from ...errors import FinalError, InputError
from ...models import history
from ...models.folder import ModelFolder
from ..own.module import OwnModule
from ..settings.config import FineTuneConfig
from ..train import trainer_of
from .study import Objective


class WithoutTest(Dataset):
    """A data set that shows others in place of its test split, which no trial may see: trainings end by measuring."""

    def _file(self, split: str) -> Path:
        shown = "validation" if self.counts["validation"] else "train"
        return super()._file(shown if split == "test" else split)


def objective_of(dataset: Dataset, own: OwnModule) -> Objective:
    """What a training chooses its best weights by, see the tasks' learners.

    Args:
        dataset: to be trained on.
        own: the team's own Python file.
    """
    match dataset.task:
        case Task.OBJECT_DETECTION:
            usual = "ap", True
        case Task.IMAGE_CLASSIFICATION:
            usual = ("map", True) if dataset.is_multi_label else ("log_loss", False)
        case _:
            usual = "validation_loss", False
    return Objective(*own.chosen_by(*usual))


def train_trial(
    dataset: WithoutTest, baseline: ModelFolder | None, levers: FineTuneConfig, objective: Objective, place: str
) -> float:
    """Trains, or goes on with a training; the model itself is not kept.

    Args:
        dataset: to learn from.
        baseline: see `fine_tune`.
        levers: with the values that are tried.
        objective: to be measured.
        place: folder or gs:// URI of the checkpoints.

    Returns:
        The metric of the best weights on the validation examples.

    Raises:
        InputError: training failed, as where its loss was not a number any more, or the metric never was one.
        FinalError: nothing is there to validate on.
    """
    with tempfile.TemporaryDirectory() as folder:
        model = trainer_of(dataset.task)(dataset, baseline, Path(folder) / "model", levers, place, "")
        keras.utils.clear_session()  # or each trial's graphs stay in memory
        curve = history.read(model.path).get(history.of_validation(objective.metric))
    if not curve:
        raise FinalError(f"{dataset.path} has no examples to validate on, by which trials are judged: add some")
    numbers = [value for _, value in curve if not math.isnan(value)]
    if not numbers:
        raise InputError(f"{objective.metric} is not a number in any validation")
    return (max if objective.higher_is_better else min)(numbers)
