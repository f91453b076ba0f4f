"""What a training would start with, by the tasks' own code: there a search starts too."""

from collections.abc import Callable

from ...data.dataset import Dataset
from ...data.items import Task
from ...models.folder import ModelFolder
from ...models.table_rows import training_and_validation_rows
from ..own.module import OwnModule
from ..settings.config import FineTuneConfig
from ..settings.warm_start import from_baseline
from ..tasks import classification_levers, detection_levers
from ..tasks.image_items import training_and_validation_items
from ..tasks.tabular_defaults import with_table_defaults

# From levers, and a baseline or none, to the levers with all defaults filled in, and a sentence on the baseline's part.
Resolver = Callable[[FineTuneConfig, ModelFolder | None], tuple[FineTuneConfig, str]]


def resolver(dataset: Dataset, levers: FineTuneConfig, own: OwnModule) -> Resolver:
    """Looks through data and checkpoint once.

    Args:
        dataset: to be trained on.
        levers: that all trials have in common.
        own: the team's own module.

    Returns:
        What resolves levers; it raises InputError where the task has no use for one of them.

    Raises:
        InputError: nothing can be learned from the data, or the checkpoint cannot be used.
    """
    match dataset.task:
        case Task.OBJECT_DETECTION:
            return _of_detector(dataset, levers, own)
        case Task.IMAGE_CLASSIFICATION:
            return _of_classifier(dataset, levers, own)
        case _:
            return _of_table(dataset)


def _of_detector(dataset: Dataset, levers: FineTuneConfig, own: OwnModule) -> Resolver:
    training, _, _ = training_and_validation_items(dataset, levers.validation_share, levers.seed)
    detection_levers.check(dataset.labels, training, levers, own)
    checkpoint = detection_levers.open_checkpoint(levers)
    return lambda given, baseline: detection_levers.resolved(given, checkpoint, training, len(dataset.labels), baseline)


def _of_classifier(dataset: Dataset, levers: FineTuneConfig, own: OwnModule) -> Resolver:
    items, _, _ = training_and_validation_items(dataset, levers.validation_share, levers.seed)
    training = classification_levers.learnable_items(items, dataset)
    classification_levers.check(dataset, training, levers, own)
    checkpoint = classification_levers.open_backbone(levers)
    return lambda given, baseline: classification_levers.resolved(
        given, checkpoint, len(training), len(dataset.labels), baseline, own
    )


def _of_table(dataset: Dataset) -> Resolver:
    rows, _ = training_and_validation_rows(dataset)

    def resolve(given: FineTuneConfig, baseline: ModelFolder | None) -> tuple[FineTuneConfig, str]:
        _, sentence = from_baseline(baseline, dataset.task)
        return with_table_defaults(given, len(rows), len(dataset.labels)), sentence

    return resolve
