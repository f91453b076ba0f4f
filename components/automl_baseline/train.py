"""Trains the baseline of a dataset, the kind of baseline that its task asks for."""

import difflib
from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from ..models import predictions
from ..models.folder import ModelFolder
from ..models.metrics import Confusion, confusion, truths
from .report import write_report

ENGINES = ("local", "vertex")
EFFORTS = ("fast", "standard")


def train_baseline(
    dataset: str | Path,
    output: str | Path,
    page: str | Path,
    engine: str = "local",
    effort: str = "fast",
    checkpoint: str = "",
    seed: int = 0,
) -> ModelFolder:
    """Trains a baseline without any choices to make, and measures it on the test split.

    Args:
        dataset: folder of the dataset artifact.
        output: model folder to write.
        page: HTML page to write.
        engine: where to train: `local`; `vertex` is not built yet.
        effort: `fast`, or `standard` for a small search.
        checkpoint: weights of the frozen backbone (images): a local path or gs:// URI of Keras weights
            (.weights.h5) of MobileNetV2 or of the compact backbone, `imagenet`, or "" for none.
        seed: of everything random; on one machine the same seed gives the same model.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    _check_choice("engine", engine, ENGINES)
    _check_choice("baseline_effort", effort, EFFORTS)
    if engine == "vertex":
        raise InputError("engine=vertex cannot train baselines yet: use engine=local, which trains on this machine")
    data, folder = Dataset.open(dataset), Path(output)
    # One kind of model is imported, since TensorFlow alone takes seconds.
    match data.task:
        case Task.OBJECT_DETECTION:
            from .images.detection import train_detection_baseline

            model = train_detection_baseline(data, folder, effort, checkpoint, seed)
        case Task.IMAGE_CLASSIFICATION:
            from .images.classification import train_classification_baseline

            model = train_classification_baseline(data, folder, effort, checkpoint, seed)
        case _:
            from .tabular.baseline import train_tabular_baseline

            model = train_tabular_baseline(data, folder, effort, seed)
    write_report(model, data, Path(page))
    print("test: " + ", ".join(f"{name} {value:.4f}" for name, value in model.metrics.items()), flush=True)
    return model


def confusion_on_test(dataset: str | Path, model: ModelFolder) -> Confusion | None:
    """The baseline's confusion matrix on the test split, or None where the task is no classification."""
    if model.task not in (Task.IMAGE_CLASSIFICATION, Task.TABULAR_CLASSIFICATION):
        return None
    return confusion(truths(Dataset.open(dataset), "test"), dict(predictions.read(model.predictions("test"))))


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1)
        raise InputError(f"{name} is {value!r}: use {near[0] if near else ' or '.join(choices)}")
