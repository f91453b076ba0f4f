"""Trains a team's own model on the dataset artifact, the kind of model that its task asks for."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..data import storage
from ..data.dataset import Dataset
from ..data.images import read_image
from ..data.items import Task
from ..data.progress import Progress
from ..data.threads import map_in_order
from ..errors import InputError
from ..models.folder import ModelFolder
from .page.write import write_page_of_training
from .settings.config import FineTuneConfig
from .settings.read import read_config

# https://cloud.google.com/vertex-ai/docs/training/code-requirements#environment-variables
_MODEL_DIR, _CHECKPOINT_DIR, _LOG_DIR = "AIP_MODEL_DIR", "AIP_CHECKPOINT_DIR", "AIP_TENSORBOARD_LOG_DIR"

# From data, baseline, model folder to write, levers, place of the checkpoints and that of TensorBoard's files.
Trainer = Callable[[Dataset, ModelFolder | None, Path, FineTuneConfig, str, str], ModelFolder]


def fine_tune(
    dataset: str | Path,
    output: str | Path,
    page: str | Path,
    baseline: str | Path = "",
    config: str = "",
    architecture: str = "",
    train_steps: int = 0,
    fine_tune_checkpoint: str = "",
    module: str = "",
    checkpoint_dir: str = "",
    seed: int = 0,
) -> ModelFolder:
    """Trains a TensorFlow model on the train split and measures it on the test split, which it learns nothing from.

    What is given here outdoes what the file of levers says.

    Args:
        dataset: folder of the dataset artifact.
        output: model folder to write.
        page: HTML page to write.
        baseline: model folder of the baseline: where its hyperparameters are known, training starts from them, and a
            table's columns are prepared as it prepared them.
        config: levers, see docs/fine-tuning.md: a YAML file, or a pipeline.config of the TF Object Detection API; a
            path or gs:// URI; "" for the task's defaults.
        architecture: network to train, where neither levers nor checkpoint say it; "" for the default.
        train_steps: batches to learn from; 0 for the levers' or the task's own.
        fine_tune_checkpoint: weights to start from (images), see docs/fine-tuning.md: a path or gs:// URI, or
            `imagenet`; "" for the levers' or none.
        module: the team's own Python file of losses, heads, augmentation or metrics: a path or gs:// URI.
        checkpoint_dir: folder or gs:// URI, the same after a restart, where training is saved so that it can be gone on
            with; "" for that of the environment (AIP_CHECKPOINT_DIR) or none.
        seed: of everything random; on one machine the same seed gives the same model. 0 for the levers' own.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    if train_steps < 0:
        raise InputError(f"train_steps is {train_steps}: give a positive number, or 0 for the task's default")
    data = Dataset.open(dataset)
    given = {
        "architecture": architecture,
        "num_steps": train_steps,
        "fine_tune_checkpoint": fine_tune_checkpoint,
        "module": module,
        "seed": seed,
    }
    levers, not_taken_over = levers_of(config, given)
    start = ModelFolder.open(baseline) if baseline else None
    with _outputs(Path(output), Path(page)) as (folder, page_file):
        model = _train(data, start, folder, levers, checkpoint_dir)
        set_levers = levers.model_dump(mode="json", exclude_defaults=True)
        model.parameters |= {"levers": set_levers, "not_taken_over": not_taken_over}
        model.save()
        write_page_of_training(model, data, page_file)
    figures = ", ".join(f"{name} {value:.4f}" for name, value in model.metrics.items())
    print(f"test: {figures or 'nothing labelled to measure the model on'}", flush=True)
    return model


def levers_of(config: str, given: Mapping[str, Any]) -> tuple[FineTuneConfig, list[str]]:
    """The levers of a file, outdone by what is given of them, and what of the file was not taken over.

    Args:
        config: path or gs:// URI; "" for none.
        given: values by lever; one that is empty or 0 is left to the file.

    Raises:
        InputError: the file cannot be read, or has a value that is not allowed.
    """
    given = {name: value for name, value in given.items() if value}
    alone = FineTuneConfig().with_values(**given)  # what is wrong with them is not said of the file
    if not config:
        return alone, []
    levers, left = read_config(config, given)
    if left:
        print(f"Not taken over from {config}:", *(f"  {line}" for line in left), sep="\n", flush=True)
    return levers, left


@contextmanager
def _outputs(output: Path, page: Path) -> Iterator[tuple[Path, Path]]:
    """Where to write model and page; of several workers, what the chief writes is kept.

    The others export too, as TensorFlow wants all workers to save together, to folders that are thrown away
    (https://www.tensorflow.org/tutorials/distribute/multi_worker_with_keras#model_saving_and_loading).
    """
    from .loop.workers import workers

    if workers().is_chief:
        for folder in (output, page.parent):
            _check_writable(folder)
        if page.is_dir():
            raise InputError(f"the page {page} is a folder: give a file to write")
        yield output, page
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "model", Path(folder) / "page.html"


def _check_writable(folder: Path) -> None:
    """Refuses a folder before anything is spent, and makes it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be made: {error}") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"the folder {folder} may not be written: give another place")


def _train(
    data: Dataset, baseline: ModelFolder | None, folder: Path, levers: FineTuneConfig, checkpoint_dir: str
) -> ModelFolder:
    from .loop.workers import workers

    train = trainer_of(data.task)
    if data.task.is_image:
        _check_test_images(data)
    place, location = checkpoint_dir or os.environ.get(_CHECKPOINT_DIR, ""), os.environ.get(_MODEL_DIR, "")
    for given in (place, location):
        if given and not storage.is_remote(given):
            _check_writable(Path(given))
    model = train(data, baseline, folder, levers, place, os.environ.get(_LOG_DIR) or str(folder / "tensorboard"))
    if location and workers().is_chief:
        _publish(model, location)
    return model


def _check_test_images(data: Dataset) -> None:
    """Reads what is used last: a training of hours shall not end in a test image that is gone."""
    progress = Progress("check", "test images")
    for _ in map_in_order(read_image, data.items("test")):
        progress.advance()


def trainer_of(task: Task) -> Trainer:
    """What trains a task; one kind of model is imported, since TensorFlow alone takes seconds."""
    match task:
        case Task.OBJECT_DETECTION:
            from .tasks.detection import fine_tune_detector as train
        case Task.IMAGE_CLASSIFICATION:
            from .tasks.classification import fine_tune_classifier as train
        case _:
            from .tasks.tabular import fine_tune_tabular as train
    return train


def _publish(model: ModelFolder, location: str) -> None:
    from ..models.serving import publish

    try:
        publish(model.saved_model, location)
    except OSError as error:
        raise InputError(f"the SavedModel cannot be written to {location} ({_MODEL_DIR}): {error}") from error
    print(f"The SavedModel is in {location} too.", flush=True)
