"""Training of a team's own Keras model for tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...errors import InputError
from ...models import feature_transforms, predictions
from ...models.columns import column_tensors, signature_names
from ...models.feature_transforms import FeatureTransform
from ...models.folder import InputColumn, ModelFolder
from ...models.measured import measure_on_test
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ...models.table_rows import labelled_rows, training_and_validation_rows
from ...models.training import set_seed
from ..loop.run import run
from ..loop.workers import strategy
from ..own.module import OwnModule, load
from ..own.outputs import own_head
from ..restore.variables import VariableRow
from ..settings.config import FineTuneConfig
from ..settings.warm_start import from_baseline
from .record import fingerprint, trained_parameters, write_record
from .tabular_defaults import with_table_defaults
from .tabular_encoding import build_matrix
from .tabular_learner import CHUNK, Examples, TableLearner
from .tabular_network import ExportedTable, Scale, build_network


def fine_tune_tabular(
    dataset: Dataset, baseline: ModelFolder | None, output: Path, config: FineTuneConfig, place: str, log_dir: str
) -> ModelFolder:
    """Trains a Keras network for a table and measures it, as exported, on the test split.

    Args:
        dataset: with labelled rows in its train and test splits; without validation rows, every tenth training row is
            held out to stop by.
        baseline: whose feature transforms prepare the columns; None to decide on them from the training rows.
        output: the model folder to write.
        config: the levers, see `tabular_defaults`.
        place: of the checkpoints, see `loop.run`.
        log_dir: for TensorBoard, see `loop.run`.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data cannot be learned from, or a lever or the own module cannot be used.
    """
    own = _own_module(config)
    labelled_rows(dataset, "test")
    training, validation = training_and_validation_rows(dataset)
    transforms = _transforms(dataset, baseline, training)
    config = with_table_defaults(config, len(training), len(dataset.labels))
    schedule = own.rate_for(config.learning_rate_schedule)
    set_seed(config.seed)
    columns, scale = feature_transforms.input_columns(transforms), _scale(dataset, training)
    with strategy().scope():
        matrix = build_matrix(transforms)
        network = build_network(transforms, len(dataset.labels) or 1, own_head(own, len(dataset.labels) or 1))
    known, held_out = (_examples(dataset, columns, rows, matrix, scale) for rows in (training, validation))
    learner = TableLearner(network, known, held_out, scale, own)
    # The quantiles in the network are constants, not variables.
    key = fingerprint(config, dataset, network, own, map(str, transforms))
    outcome = run(learner, config, place=place, fingerprint=key, log_dir=log_dir, schedule=schedule)

    model = _describe(output, dataset, columns, config.seed)
    _, warm_start = from_baseline(baseline, dataset.task)
    model.parameters |= trained_parameters(config, outcome) | {"warm_start": warm_start}
    ExportedTable(matrix, network, columns, scale).save(model.saved_model)
    write_record(model, config, outcome, _variable_rows(network), own)
    found = dict(_predict(model, dataset))
    predictions.write(model.predictions("test"), found.items())
    measure_on_test(model, dataset, found)
    model.save()
    return model


def _own_module(config: FineTuneConfig) -> OwnModule:
    own = load(config.module)
    own.refuse("build_model", why="all of the network for a table is its head: call it build_head")
    own.refuse("augment", why="the rows of a table are not changed at random")
    return own


def _describe(output: Path, dataset: Dataset, columns: list[InputColumn], seed: int) -> ModelFolder:
    return ModelFolder(
        path=output,
        name="custom network",
        task=dataset.task,
        labels=dataset.labels,
        framework="tensorflow",
        pretrained="Trained from nothing, on this data set alone.",
        dataset_digests=dataset.digests,
        input={"kind": "columns", "columns": columns},
        seed=seed,
    )


def _transforms(dataset: Dataset, baseline: ModelFolder | None, training: pa.Table) -> list[FeatureTransform]:
    """The transforms that the network has layers for: texts are left out."""
    if baseline:
        transforms = feature_transforms.read(baseline.feature_transforms)
    else:
        columns = [column for column in dataset.columns if column.name != dataset.label_column]
        transforms = feature_transforms.describe(training, columns)
    transforms = [each for each in transforms if each.transform != "tfidf"]
    if not feature_transforms.input_columns(transforms):
        raise InputError(
            f"{dataset.path} has no column to learn from (the custom network does not read texts): add informative "
            "columns, or deploy the baseline."
        )
    return transforms


def _scale(dataset: Dataset, training: pa.Table) -> Scale | None:
    """What a regression's label is standardised by; None for classification."""
    if not dataset.task.predicts_numbers:
        return None
    values = training[dataset.label_column].to_numpy()
    return Scale(mean=float(values.mean()), deviation=float(values.std()) or 1.0)


def _variable_rows(network: keras.Model) -> list[VariableRow]:
    reason = "a network for a table is trained from nothing"
    variables = network.trainable_variables
    return [VariableRow(each.path, tuple(each.shape), "heads", "", reason, "always") for each in variables]


def _examples(
    dataset: Dataset, columns: Sequence[InputColumn], rows: pa.Table, matrix: keras.Model, scale: Scale | None
) -> Examples:
    given = rows[dataset.label_column]
    if scale:
        targets = ((given.to_numpy() - scale.mean) / scale.deviation).astype(np.float32)
    else:
        codes = {label: code for code, label in enumerate(dataset.labels)}
        targets = np.array([codes[label] for label in given.to_pylist()], dtype=np.int32)
    chunks = [_inputs(rows.slice(start, CHUNK), columns) for start in range(0, len(rows), CHUNK)]
    return Examples(np.concatenate([np.asarray(matrix(chunk)) for chunk in chunks]), targets)


def _predict(model: ModelFolder, dataset: Dataset) -> Iterator[tuple[str, Prediction]]:
    """Predictions of the test split by the SavedModel, as it is on disk."""
    exported: Any = tf.saved_model.load(str(model.saved_model))
    assert model.input["kind"] == "columns"
    columns = model.input["columns"]
    for rows in dataset.batches("test", rows=CHUNK):
        tensors = {name: tf.constant(values) for name, values in _inputs(rows, columns).items()}
        outputs = {name: value.numpy() for name, value in exported.signatures["serving_default"](**tensors).items()}
        yield from zip(rows["__id__"].to_pylist(), to_predictions(model.task, model.labels, outputs), strict=True)


def _inputs(rows: pa.Table | pa.RecordBatch, columns: Sequence[InputColumn]) -> dict[str, NDArray[Any]]:
    names = signature_names(columns)
    return {names[name]: values for name, values in column_tensors(rows, columns).items()}
