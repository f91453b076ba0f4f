"""Trains a team's own model on the dataset artifact, the kind of model that its task asks for."""

from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from ..models.folder import ModelFolder
from .report import write_report


def fine_tune(
    dataset: str | Path,
    output: str | Path,
    page: str | Path,
    baseline: str | Path = "",
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    seed: int = 0,
) -> ModelFolder:
    """Trains a TensorFlow model on the train split and measures it on the test split, which it learns nothing from.

    Args:
        dataset: folder of the dataset artifact.
        output: model folder to write.
        page: HTML page to write.
        baseline: model folder of the baseline; a table's columns are prepared as it prepared them.
        train_steps: batches to learn from; 0 for the task's default.
        fine_tune_checkpoint: weights to start from (images): a local path or gs:// URI of Keras weights
            (.weights.h5) of a known backbone, `imagenet`, or "" to train from nothing.
        seed: of everything random; on one machine the same seed gives the same model.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    if train_steps < 0:
        raise InputError(f"train_steps is {train_steps}: give a positive number, or 0 for the task's default")
    data, folder = Dataset.open(dataset), Path(output)
    # One kind of model is imported, since TensorFlow alone takes seconds.
    match data.task:
        case Task.OBJECT_DETECTION:
            from .detection import fine_tune_detector

            model = fine_tune_detector(data, folder, train_steps, fine_tune_checkpoint, seed)
        case Task.IMAGE_CLASSIFICATION:
            from .classification import fine_tune_classifier

            model = fine_tune_classifier(data, folder, train_steps, fine_tune_checkpoint, seed)
        case _:
            from .tabular import fine_tune_tabular

            model = fine_tune_tabular(data, ModelFolder.open(baseline) if baseline else None, folder, train_steps, seed)
    write_report(model, data, Path(page))
    print("test: " + ", ".join(f"{name} {value:.4f}" for name, value in model.metrics.items()), flush=True)
    return model
