"""The model folder of a model that lives on the service: all that can be known of it here."""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np

from ...data.dataset import Dataset
from ...data.items import Task
from ...data.storage import write_atomically
from ...models import feature_transforms, hyperparameters, leaderboard, predictions
from ...models.folder import ColumnsInput, ImageInput, ModelFolder
from ...models.hyperparameters import Hyperparameters
from ...models.leaderboard import Trial
from ...models.measured import measure_on_test
from ...models.metrics import measure, truths
from ...models.predictions import Prediction
from .batch import BatchResults
from .material import item_ids
from .plan import Plan

_NAME = "Vertex AI AutoML"


def empty_folder(output: Path, plan: Plan) -> ModelFolder:
    """The model folder with what is known before anything is measured; not saved."""
    dataset = plan.dataset
    model = ModelFolder(
        path=output,
        name=_NAME,
        task=dataset.task,
        labels=dataset.labels,
        framework="vertex",
        pretrained="Trained by Vertex AI AutoML, for images from weights of its own.",
        dataset_digests=dataset.digests,
        input=_input(plan),
        seed=plan.seed,
    )
    if plan.transforms:
        feature_transforms.write(model.feature_transforms, plan.transforms)
    return model


def write_predictions(model: ModelFolder, dataset: Dataset, results: BatchResults) -> None:
    """Writes the predictions of validation and test, and measures the model on test.

    An item that the service failed on is set aside in predictions/failures.json and gets the answer of one who has not
    looked at it, so that a custom model is compared with this one on the very same items. There are no predictions of
    the training split, which the model has learned by heart.
    """
    unseen = unseen_answer(dataset)
    for split in ("validation", "test"):
        answers = {identity: results.answers.get(identity, unseen) for identity in item_ids(dataset, split)}
        predictions.write(model.predictions(split), answers.items())
        if split == "test":
            measure_on_test(model, dataset, answers)
    if results.failures:
        print(f"the service failed on {len(results.failures):,} items: they count as not known", flush=True)
        with write_atomically(model.path / "predictions" / "failures.json") as file:
            file.write_text(json.dumps(results.failures, indent=1, ensure_ascii=False) + "\n", "utf-8")


def unseen_answer(dataset: Dataset) -> Prediction:
    """What is answered without looking: no box, each label's share of the training items, or their mean."""
    if dataset.task is Task.OBJECT_DETECTION:
        return {"displayNames": [], "confidences": [], "bboxes": []}
    known = list(truths(dataset, "train").values())
    if dataset.task.predicts_numbers:
        return {"value": float(np.mean(np.array(known, float)))}
    given = list(chain.from_iterable(known)) if dataset.is_multi_label else known
    counts = Counter([*given, *dataset.labels])  # one more of each: no label is impossible
    shares = np.array([counts[label] for label in dataset.labels], float)
    total = len(known) + 1 if dataset.is_multi_label else shares.sum()
    return predictions.of_probabilities(dataset.labels, shares / total)


def write_search(model: ModelFolder, dataset: Dataset, chosen: Hyperparameters) -> None:
    """Writes the hyperparameters, and a leaderboard with the one model that the service gives.

    Its trials stay on the service, as does the time that they took: node hours are in the model's parameters.
    """
    hyperparameters.write(model.hyperparameters, chosen)
    trial = Trial(
        name=_NAME,
        hyperparameters=chosen.hyperparameters,
        validation=_measured_on_validation(model, dataset),
        cpu_seconds=0.0,
        chosen=True,
    )
    leaderboard.write(model.leaderboard, [trial])


def _measured_on_validation(model: ModelFolder, dataset: Dataset) -> dict[str, float]:
    """Empty where there is nothing to measure by; detection is measured on test only."""
    file = model.predictions("validation")
    if model.task is Task.OBJECT_DETECTION or not file.is_file():
        return {}
    truth = truths(dataset, "validation")
    return measure(model.task, model.labels, truth, predictions.read(file)) if truth else {}


def _input(plan: Plan) -> ImageInput | ColumnsInput:
    """What the model is called with; the service takes images of any size, and does not tell what it makes of them."""
    if plan.dataset.task.is_image:
        return {"kind": "image", "name": "content", "height": 0, "width": 0}
    return {"kind": "columns", "columns": feature_transforms.input_columns(plan.transforms)}
