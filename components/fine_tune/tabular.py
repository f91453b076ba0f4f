"""Training of a team's own Keras model for tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow as pa
import tensorflow as tf
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.progress import Progress
from ..errors import InputError
from ..models import feature_transforms, history, predictions
from ..models.columns import column_tensors, signature_names
from ..models.feature_transforms import FeatureTransform
from ..models.folder import InputColumn, ModelFolder
from ..models.measured import measure_on_test
from ..models.outputs import to_predictions
from ..models.predictions import Prediction
from ..models.table_rows import labelled_rows, training_and_validation_rows
from ..models.training import Recipe, make_optimizer, set_seed
from .tabular_network import MEMBERS, ExportedTable, Scale, build_network

_DEFAULT_PASSES = 60
_LEAST_STEPS, _MOST_STEPS = 2_000, 20_000
# Training stops when so many measurements of the validation loss, one a pass, have not fallen below the best.
PATIENCE = 15
_PREDICTED_ROWS = 4096


def make_recipe(rows: int, train_steps: int, seed: int) -> Recipe:
    """The recipe for a number of training rows; `train_steps` 0 is 60 passes over them, within 2,000 and 20,000."""
    # Small tables need many small steps, large ones few large steps.
    batch_size = min(256, max(16, rows // 32))
    default = min(max(_DEFAULT_PASSES * -(-rows // batch_size), _LEAST_STEPS), _MOST_STEPS)
    return Recipe(steps=train_steps or default, seed=seed, batch_size=batch_size, learning_rate=1e-3)


def fine_tune_tabular(
    dataset: Dataset, baseline: ModelFolder | None, output: Path, train_steps: int, seed: int
) -> ModelFolder:
    """Trains a Keras network for a table and measures it, as exported, on the test split.

    Args:
        dataset: with labelled rows in its train and test splits; without validation rows, every tenth training row is
            held out to stop by.
        baseline: whose feature transforms prepare the columns; None to decide on them from the training rows.
        output: the model folder to write.
        train_steps: batches to learn from at most; 0 for `make_recipe`'s default.
        seed: of the initial weights, the order of the rows and the dropout.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the data cannot be learned from.
    """
    set_seed(seed)
    labelled_rows(dataset, "test")
    training, validation = training_and_validation_rows(dataset)
    transforms = _transforms(dataset, baseline, training)
    columns = feature_transforms.input_columns(transforms)
    scale = _scale(dataset, training)
    network = build_network(transforms, len(dataset.labels) or 1)
    recipe = make_recipe(len(training), train_steps, seed)
    known, held_out = (_examples(dataset, columns, rows, scale) for rows in (training, validation))
    points = _train(network, known, held_out, recipe)
    best = min(points, key=lambda point: point["validation_loss"])

    model = ModelFolder(
        path=output,
        name="custom network",
        task=dataset.task,
        labels=dataset.labels,
        framework="tensorflow",
        pretrained="Trained from nothing, on this data set alone.",
        dataset_digests=dataset.digests,
        input={"kind": "columns", "columns": columns},
        parameters={**asdict(recipe), "best_step": best["step"]},
        seed=seed,
    )
    ExportedTable(network, columns, scale).save(model.saved_model)
    history.write(output, points)
    found = dict(_predict(model, dataset))
    predictions.write(model.predictions("test"), found.items())
    measure_on_test(model, dataset, found)
    model.save()
    return model


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


@dataclass(frozen=True)
class _Examples:
    """Inputs by `signature_names`, [N, 1] each; targets [N]: label codes int32, or standardised values float32."""

    inputs: Mapping[str, NDArray[Any]]
    targets: NDArray[Any]


def _examples(dataset: Dataset, columns: Sequence[InputColumn], rows: pa.Table, scale: Scale | None) -> _Examples:
    given = rows[dataset.label_column]
    if scale:
        targets = ((given.to_numpy() - scale.mean) / scale.deviation).astype(np.float32)
    else:
        codes = {label: code for code, label in enumerate(dataset.labels)}
        targets = np.array([codes[label] for label in given.to_pylist()], dtype=np.int32)
    return _Examples(_inputs(rows, columns), targets)


def _train(network: keras.Model, training: _Examples, validation: _Examples, recipe: Recipe) -> list[dict[str, float]]:
    """Trains the network in place, to its best weights; returns the curves `loss` and `validation_loss`."""
    # A round ends with a measurement on the validation rows: after each pass over the training rows.
    rounds = max(1, recipe.steps // -(-len(training.targets) // recipe.batch_size))
    steps_per_round = max(1, recipe.steps // rounds)
    is_classifier = training.targets.dtype == np.int32
    # Of each member by itself: members that are only good together repeat each other's errors.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if is_classifier else "mean_squared_error"
    network.compile(make_optimizer(recipe), loss)
    progress = Progress("train", "steps", rounds * steps_per_round)
    curves = network.fit(
        _batches(training, recipe.batch_size, recipe.seed),
        steps_per_epoch=steps_per_round,
        epochs=rounds,
        validation_data=_batches(validation, _PREDICTED_ROWS),
        shuffle=False,  # the batches are
        verbose=0,  # pyright: ignore[reportArgumentType]  (typed by its default, "auto")
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True),
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: progress.advance()),
        ],
    ).history
    measured = zip(curves["loss"], curves["val_loss"], strict=True)
    return [
        {"step": round_ * steps_per_round, "loss": loss, "validation_loss": validation_loss}
        for round_, (loss, validation_loss) in enumerate(measured, start=1)
    ]


def _batches(examples: _Examples, size: int, seed: int | None = None) -> tf.data.Dataset:
    """All examples in their order, once; or with a seed shuffled, again and again."""
    inputs = {name: tf.constant(values) for name, values in examples.inputs.items()}
    targets = tf.constant(np.repeat(examples.targets[:, None], MEMBERS, axis=1))
    chosen = tf.data.Dataset.range(len(examples.targets))
    if seed is not None:
        chosen = chosen.shuffle(len(examples.targets), seed=seed).repeat()

    def gather(rows: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        return {name: tf.gather(values, rows) for name, values in inputs.items()}, tf.gather(targets, rows)

    return chosen.batch(size).map(gather).prefetch(2)


def _predict(model: ModelFolder, dataset: Dataset) -> Iterator[tuple[str, Prediction]]:
    """Predictions of the test split by the SavedModel, as it is on disk."""
    exported: Any = tf.saved_model.load(str(model.saved_model))
    assert model.input["kind"] == "columns"
    columns = model.input["columns"]
    for rows in dataset.batches("test", rows=_PREDICTED_ROWS):
        tensors = {name: tf.constant(values) for name, values in _inputs(rows, columns).items()}
        outputs = {name: value.numpy() for name, value in exported.signatures["serving_default"](**tensors).items()}
        yield from zip(rows["__id__"].to_pylist(), to_predictions(model.task, model.labels, outputs), strict=True)


def _inputs(rows: pa.Table | pa.RecordBatch, columns: Sequence[InputColumn]) -> dict[str, NDArray[Any]]:
    names = signature_names(columns)
    return {names[name]: values for name, values in column_tensors(rows, columns).items()}
