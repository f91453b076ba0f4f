"""Training of an image classifier: all of the network, from a checkpoint or from nothing."""

# The stubs of TensorFlow and Keras know neither `...` in slices nor arrays and schedules as arguments.
# pyright: reportArgumentType=false

import tempfile
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..errors import InputError
from ..models import history, predictions
from ..models.augment import look_through, random_windows
from ..models.backbones import load_backbone
from ..models.folder import ModelFolder
from ..models.image_classifier import ExportedClassifier, build_classifier
from ..models.image_data import decode_images, some_batches
from ..models.image_input import scaled
from ..models.image_model import image_model
from ..models.image_predictions import predict_images
from ..models.measured import measure_on_test
from ..models.training import Recipe, apply_gradients, make_optimizer, run_steps, set_seed, settle_norms

DEFAULT_STEPS = 1000


def fine_tune_classifier(dataset: Dataset, output: Path, train_steps: int, checkpoint: str, seed: int) -> ModelFolder:
    """Trains a single-label image classifier on the train split and measures it on the test split.

    Args:
        dataset: of images with one label each; images with none or several are left out of training.
        output: the model folder to write.
        train_steps: batches of 16 images; 0 for `DEFAULT_STEPS`.
        checkpoint: see `backbones.load_backbone`.
        seed: of the initial weights, the order of the images and the augmentation.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the checkpoint cannot be used, or the train split has fewer than two labels.
    """
    set_seed(seed)
    items = [item for item in dataset.items("train") if len(item.labels) == 1]
    if len({item.labels[0] for item in items}) < 2:
        raise InputError("the train split has images of fewer than two labels: there is nothing to tell apart")
    truth = np.array([dataset.labels.index(item.labels[0]) for item in items], np.int32)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    network = build_classifier(backbone.network, len(dataset.labels))
    recipe = Recipe(steps=train_steps or DEFAULT_STEPS, seed=seed, learning_rate=1e-3)
    size = backbone.image_size
    with tempfile.TemporaryDirectory() as scratch:
        images = decode_images(items, size, Path(scratch))
        history.write(output, _train(network, images, truth, recipe))
        settle_norms(network, map(scaled, some_batches(images, seed)))

    exported = ExportedClassifier(network, size)
    model = image_model(output, "custom classifier", dataset, backbone, asdict(recipe), seed)
    exported.save(model.saved_model)
    found = dict(predict_images(exported.classify, dataset.task, dataset.labels, dataset.items("test")))
    predictions.write(model.predictions("test"), found.items())
    measure_on_test(model, dataset, found)
    model.save()
    return model


def _train(
    network: keras.Model, images: NDArray[np.uint8], truth: NDArray[np.int32], recipe: Recipe
) -> list[dict[str, float]]:
    """Trains the network in place; returns the training curve `cross_entropy`."""
    optimizer = make_optimizer(recipe)

    @tf.function(reduce_retracing=True)
    def step_in_graph(pictures: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
        pictures = look_through(pictures, random_windows(tf.shape(pictures)[0], seed), seed)
        with tf.GradientTape() as tape:
            logits = network(scaled(pictures), training=True)
            errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            losses = {"cross_entropy": tf.reduce_mean(errors)}
        apply_gradients(optimizer, tape, losses, network)
        return losses

    def take_step(chosen: NDArray[np.int64], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        return step_in_graph(images[chosen], truth[chosen], seed)

    return run_steps(take_step, len(images), recipe)
