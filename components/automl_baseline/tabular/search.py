"""Hyperparameters of the tabular baseline: the library's defaults, or the best of a few fixed candidates."""

import time
from collections.abc import Sequence
from typing import Any

from ...data.dataset import Dataset
from ...models.feature_transforms import FeatureTransform
from ...models.table_rows import training_and_validation_rows
from .pipeline import LOSS, build_pipeline, features, score

DEFAULTS: dict[str, Any] = {}
# A trial is a fixed amount of work, so the choice does not hang on how busy the machine is.
CANDIDATES: tuple[dict[str, Any], ...] = (
    DEFAULTS,
    {"learning_rate": 0.05, "max_iter": 400},
    {"learning_rate": 0.05, "max_iter": 800, "max_leaf_nodes": 15, "l2_regularization": 1.0},
    {"learning_rate": 0.05, "max_iter": 400, "max_leaf_nodes": 63, "max_features": 0.5},
    {"learning_rate": 0.03, "max_iter": 200, "max_leaf_nodes": 7, "l2_regularization": 10.0},
    {"learning_rate": 0.1, "max_iter": 400, "min_samples_leaf": 5, "max_features": 0.5},
)


def search(
    dataset: Dataset, transforms: Sequence[FeatureTransform], seed: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Fits each candidate on the training rows and chooses the one that predicts the validation rows best.

    Args:
        dataset: without a validation split, every tenth training row is held out for the choice.
        transforms: of all columns.
        seed: of the gradient boosting.

    Returns:
        The chosen hyperparameters, and the trials: {"hyperparameters", "validation": {metric: value}, "cpu_seconds"}.
    """
    training, validation = training_and_validation_rows(dataset)
    known, held_out = features(training, transforms), features(validation, transforms)
    loss = LOSS[dataset.task]
    trials = []
    for number, candidate in enumerate(CANDIDATES, start=1):
        start = time.process_time()
        pipeline = build_pipeline(dataset.task, transforms, candidate, seed)
        pipeline.fit(known, training[dataset.label_column].to_numpy())
        measured = score(pipeline, held_out, validation[dataset.label_column].to_pylist())
        seconds = round(time.process_time() - start, 2)
        trials.append({"hyperparameters": candidate, "validation": measured, "cpu_seconds": seconds})
        print(f"trial {number} of {len(CANDIDATES)}: {loss} {measured[loss]:.5g}, {seconds} CPU s", flush=True)
    best = min(trials, key=lambda trial: trial["validation"][loss])
    return best["hyperparameters"], trials
