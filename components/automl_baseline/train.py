"""Trains the baseline of a dataset, the kind of baseline that its task asks for."""

import difflib
from pathlib import Path

from ..data.dataset import Dataset
from ..data.items import Task
from ..errors import InputError
from ..models import predictions
from ..models.folder import ModelFolder
from ..models.metrics import Confusion, confusion, truths
from .report.write import write_report
from .vertex.settings import VertexSettings

ENGINES = ("local", "vertex")
EFFORTS = ("fast", "standard", "thorough", "autogluon")
AUTOGLUON_TASKS = (Task.TABULAR_CLASSIFICATION, Task.TABULAR_REGRESSION)
# In the form of google-cloud-pipeline-components.
NO_RESOURCES = '{"resources": []}'


def train_baseline(
    dataset: str | Path,
    output: str | Path,
    page: str | Path,
    engine: str = "local",
    effort: str = "fast",
    time_limit: float = 0.0,
    checkpoint: str = "",
    seed: int = 0,
    vertex: VertexSettings | None = None,
    gcp_resources: str | Path | None = None,
) -> ModelFolder:
    """Trains a baseline without any choices to make, and measures it on the test split.

    Args:
        dataset: folder of the dataset artifact.
        output: model folder to write.
        page: HTML page to write.
        engine: where to train: `local`, on this machine, or `vertex`, by AutoML on Vertex AI.
        effort: how much the local engine tries: `fast`, `standard`, `thorough`, or for tables `autogluon`.
        time_limit: a ceiling on top of that, in seconds of wall-clock time, looked at between trials; 0 for none.
        checkpoint: weights of the frozen backbone (images): a local path or gs:// URI of Keras weights
            (.weights.h5) of a known backbone, `imagenet`, or "" for none.
        seed: of everything random; on one machine the same seed gives the same model.
        vertex: of the engine `vertex`: where, for how much, and as whom.
        gcp_resources: of the engine `vertex`: file for the resource name of the job, written before it is waited for.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data or the settings cannot be used.
    """
    _check_choice("engine", engine, ENGINES)
    _check_choice("baseline_effort", effort, EFFORTS)
    if time_limit < 0:
        raise InputError(f"time_limit is {time_limit:g} s: give a positive number of seconds, or 0 for none")
    data, folder = Dataset.open(dataset), Path(output)
    if engine == "vertex":
        from .vertex.train import train_on_vertex

        model = train_on_vertex(data, folder, vertex or VertexSettings(), _path(gcp_resources), seed)
    else:
        if gcp_resources:  # KFP wants a value of every output
            Path(gcp_resources).write_text(NO_RESOURCES, encoding="utf-8")
        if effort == "autogluon" and data.task not in AUTOGLUON_TASKS:
            raise InputError(f"effort=autogluon is for tables: for {data.task} use effort=thorough")
        model = _train_here(data, folder, effort, time_limit, checkpoint, seed)
    write_report(model, data, Path(page))
    print("test: " + ", ".join(f"{name} {value:.4f}" for name, value in model.metrics.items()), flush=True)
    return model


def _train_here(data: Dataset, folder: Path, effort: str, time_limit: float, checkpoint: str, seed: int) -> ModelFolder:
    """The baseline of this machine; one kind of model is imported, since TensorFlow alone takes seconds."""
    match data.task:
        case Task.OBJECT_DETECTION:
            from .images.detection import train_detection_baseline

            return train_detection_baseline(data, folder, effort, checkpoint, seed, time_limit)
        case Task.IMAGE_CLASSIFICATION:
            from .images.classification import train_classification_baseline

            return train_classification_baseline(data, folder, effort, checkpoint, seed, time_limit)
        case Task.TABULAR_FORECASTING:
            from .forecasting.baseline import train_forecasting_baseline

            return train_forecasting_baseline(data, folder, effort, seed, time_limit)
        case _:
            from .tabular.baseline import train_tabular_baseline

            return train_tabular_baseline(data, folder, effort, seed, time_limit)


def confusion_on_test(dataset: str | Path, model: ModelFolder) -> Confusion | None:
    """The baseline's confusion matrix on the test split.

    None where it classifies nothing, where images have several labels, or where it predicts elsewhere.
    """
    classifies = not model.task.predicts_numbers and model.task is not Task.OBJECT_DETECTION
    if not classifies or not model.predictions("test").is_file():
        return None
    data = Dataset.open(dataset)
    truth = {} if data.is_multi_label else truths(data, "test")
    return confusion(truth, dict(predictions.read(model.predictions("test")))) if truth else None


def _path(location: str | Path | None) -> Path | None:
    return Path(location) if location else None


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1)
        raise InputError(f"{name} is {value!r}: use {near[0] if near else ' or '.join(choices)}")
