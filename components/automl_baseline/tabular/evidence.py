"""What the tabular baseline leaves behind for later steps: predictions, label probabilities, importance."""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance

from ...data.dataset import Dataset
from ...data.storage import write_atomically
from ...models import label_probabilities, predictions
from ...models.feature_transforms import input_columns
from ...models.folder import ModelFolder
from ...models.label_probabilities import LabelProbabilities
from ...models.outputs import to_predictions
from ...models.table_rows import labelled_rows
from .fit import FittedBaseline
from .pipeline import LOSS, features, predict, score

_IMPORTANCE_ROWS = 1000  # each is asked five times per column


def write_predictions(model: ModelFolder, dataset: Dataset, fitted: FittedBaseline) -> None:
    """Writes the predictions of every split and, for classification, the label probabilities.

    Training rows are predicted out of fold, and only those with a label; validation rows by the model that was not yet
    fitted on them; test rows by the final one.
    """
    rows = {"train": labelled_rows(dataset, "train"), **{name: dataset.table(name) for name in ("validation", "test")}}
    predicted = {
        "train": fitted.out_of_fold,
        "validation": fitted.validation,
        "test": predict(fitted.pipeline, features(rows["test"], fitted.transforms)),
    }
    output = "probabilities" if model.labels else "value"
    for split, each in rows.items():
        answers = to_predictions(model.task, model.labels, {output: predicted[split]})
        predictions.write(model.predictions(split), zip(each["__id__"].to_pylist(), answers, strict=True))
    if model.labels:
        label_probabilities.write(
            model.label_probabilities, _label_probabilities(dataset, model.labels, rows, predicted)
        )


def _label_probabilities(
    dataset: Dataset,
    labels: list[str],
    rows: Mapping[str, pa.Table],
    predicted: Mapping[str, NDArray[np.floating]],
) -> LabelProbabilities:
    given = pa.concat_tables(each.select(["__id__", dataset.label_column]) for each in rows.values())
    is_labelled = given[dataset.label_column].is_valid().to_numpy()
    splits = np.repeat(list(rows), [len(each) for each in rows.values()])[is_labelled]
    # A label that no training row has keeps probability 0.
    probabilities = np.zeros((len(given), len(dataset.labels)), dtype=np.float32)
    probabilities[:, [dataset.labels.index(label) for label in labels]] = np.concatenate(list(predicted.values()))
    given = given.filter(pa.array(is_labelled))
    return LabelProbabilities(
        ids=given["__id__"].to_pylist(),
        splits=splits.tolist(),
        boxes=np.full(len(given), -1, dtype=np.int32),
        labels=given[dataset.label_column].to_pylist(),
        probabilities=probabilities[is_labelled],
    )


def write_importance(model: ModelFolder, test: pa.Table, label_column: str, fitted: FittedBaseline) -> None:
    """Writes by how much the loss on test rows grows when a column is shuffled: mean and deviation of five shuffles.

    {"loss": metric, "columns": [{"column", "importance", "standard_deviation"}]}, the most important first.
    https://scikit-learn.org/stable/modules/permutation_importance.html
    """
    loss = LOSS[model.task]
    # The same rows for all columns: scikit-learn's own `max_samples` compares other rows with each other.
    chosen = np.sort(np.random.default_rng(model.seed).permutation(len(test))[:_IMPORTANCE_ROWS])
    test = test.take(pa.array(chosen))
    found = permutation_importance(
        fitted.pipeline,
        features(test, fitted.transforms),
        test[label_column].to_numpy(),
        scoring=lambda pipeline, rows, truth: -score(pipeline, rows, truth)[loss],
        random_state=model.seed,
    )
    figures = zip(found["importances_mean"], found["importances_std"], strict=True)
    columns = [
        {"column": column["name"], "importance": float(mean), "standard_deviation": float(deviation)}
        for column, (mean, deviation) in zip(input_columns(fitted.transforms), figures, strict=True)
    ]
    columns.sort(key=lambda each: -each["importance"])
    with write_atomically(model.importance) as file:
        file.write_text(json.dumps({"loss": loss, "columns": columns}, indent=2, ensure_ascii=False) + "\n", "utf-8")
