"""The baseline of image classification: logistic regression on a frozen backbone's pooled features."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item
from ...errors import InputError
from ...models import label_probabilities, predictions
from ...models.backbones import Backbone, load_backbone
from ...models.folder import ModelFolder
from ...models.image_classifier import ExportedClassifier, build_embedding
from ...models.image_data import decode_images
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.label_probabilities import LabelProbabilities
from ...models.measured import measure_on_test
from ...models.predictions import to_probabilities
from ...models.training import set_seed
from .features import feature_maps, freeze
from .labels import CANDIDATES, REGULARISATION, Linear, fit, out_of_fold, predict


def train_classification_baseline(
    dataset: Dataset, output: Path, effort: str, checkpoint: str, seed: int
) -> ModelFolder:
    """Fits the classifier, measures it, and says of each label how probable it is.

    Args:
        dataset: of images with one label each; those with none or several are not learned from.
        output: the model folder to write.
        effort: `fast` takes one regularisation, `standard` the best of three on the validation split.
        checkpoint: the backbone's weights, see `backbones.load_backbone`.
        seed: same data, same seed, same machine: same model.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the checkpoint cannot be used, or the train split has fewer than two labels.
    """
    start = time.process_time()
    set_seed(seed)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    embedding = build_embedding(backbone.network)
    items: dict[str, list[Item]] = {split: list(dataset.items(split)) for split in SPLITS}
    features = _embed(items, backbone, embedding)
    given = {split: _given(items[split], dataset.labels) for split in SPLITS}
    if len(set(given["train"]) - {-1}) < 2:
        raise InputError("the train split has images of fewer than two labels: there is nothing to tell apart")
    classes = len(dataset.labels)
    regularisation = _best_regularisation(features, given, classes) if effort == "standard" else REGULARISATION
    known = given["train"] >= 0
    fitted = fit(features["train"][known], given["train"][known], regularisation)
    assert isinstance(fitted, Linear)  # two labels at least

    parameters = {"effort": effort, "regularisation": regularisation}
    model = image_model(output, "baseline classifier", dataset, backbone, parameters, seed)
    exported = ExportedClassifier(_with_logits(embedding, fitted, classes), backbone.image_size)
    exported.save(model.saved_model)
    # The folds' answers for the images that were learned from, the exported model's own for the others.
    train = predict(fitted, features["train"], classes)
    groups = np.array([item.sha256 for item in items["train"]])[known]
    train[known] = out_of_fold(features["train"][known], given["train"][known], groups, classes, seed, regularisation)
    answers = (predictions.of_probabilities(dataset.labels, row) for row in train)
    found: dict[str, dict[str, Any]] = {
        "train": {item.id: answer for item, answer in zip(items["train"], answers, strict=True)}
    }
    for split in ("validation", "test"):
        found[split] = dict(predict_images(exported.classify, dataset.task, dataset.labels, items[split]))

    _write_evidence(model, dataset, items, found)
    model.parameters["cpu_seconds"] = round(time.process_time() - start, 1)
    model.save()
    return model


def _embed(
    items: Mapping[str, list[Item]], backbone: Backbone, embedding: keras.Model
) -> dict[str, NDArray[np.floating]]:
    """The pooled features of every split's images, float32 [N, F]; the backbone is frozen on the way."""
    features = {}
    with tempfile.TemporaryDirectory() as scratch:
        for split, members in items.items():
            images = decode_images(members, backbone.image_size, Path(scratch) / split)
            if split == "train":
                freeze(backbone, images)
            features[split] = np.array(feature_maps(embedding, images, Path(scratch) / split)[0], np.float32)
    return features


def _write_evidence(
    model: ModelFolder, dataset: Dataset, items: Mapping[str, list[Item]], found: Mapping[str, dict[str, Any]]
) -> None:
    """Writes the predictions of every split and the label probabilities, and measures the test split."""
    for split, by_item in found.items():
        predictions.write(model.predictions(split), by_item.items())
    label_probabilities.write(model.label_probabilities, _label_rows(items, found, dataset.labels))
    measure_on_test(model, dataset, found["test"])


def _given(items: list[Item], labels: list[str]) -> NDArray[np.int64]:
    """The place of each item's one label among the labels, or -1 where it has none or several."""
    return np.array([labels.index(item.labels[0]) if len(item.labels) == 1 else -1 for item in items], np.int64)


def _best_regularisation(
    features: Mapping[str, NDArray[np.floating]], given: Mapping[str, NDArray[np.int64]], classes: int
) -> float:
    """The candidate under which the validation labels are likeliest; the usual one where there are none."""
    learned, judged = given["train"] >= 0, given["validation"] >= 0
    if not judged.any():
        return REGULARISATION

    def surprise(candidate: float) -> float:
        fitted = fit(features["train"][learned], given["train"][learned], candidate)
        probabilities = predict(fitted, features["validation"][judged], classes)
        return float(-np.log(probabilities[np.arange(judged.sum()), given["validation"][judged]] + 1e-7).mean())

    return min(CANDIDATES, key=surprise)


def _with_logits(embedding: keras.Model, fitted: Linear, num_classes: int) -> keras.Model:
    """The embedding with the fitted classifier as one dense layer: the scaler is folded into its weights."""
    scaler, regression = fitted.scaler, fitted.regression
    kernel, bias = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn keeps one row for two classes
        kernel, bias = np.concatenate([-kernel / 2, kernel / 2]), np.concatenate([-bias / 2, bias / 2])
    kernel = kernel / scaler.scale_
    bias = bias - kernel @ np.asarray(scaler.mean_)
    # A label that no training image has keeps a probability of practically 0.
    weights = np.zeros((kernel.shape[1], num_classes))
    offsets = np.full(num_classes, -30.0)
    weights[:, regression.classes_], offsets[regression.classes_] = kernel.T, bias
    logits = layers.Dense(num_classes, name="logits")
    network = keras.Model(embedding.inputs, logits(embedding.output))
    logits.set_weights([weights, offsets])
    return network


def _label_rows(
    items: Mapping[str, list[Item]], found: Mapping[str, dict[str, Any]], labels: list[str]
) -> LabelProbabilities:
    rows = [(split, item) for split, members in items.items() for item in members if len(item.labels) == 1]
    return LabelProbabilities(
        ids=[item.id for _, item in rows],
        splits=[split for split, _ in rows],
        boxes=np.full(len(rows), -1, np.int32),
        labels=[item.labels[0] for _, item in rows],
        probabilities=np.stack([to_probabilities(labels, found[split][item.id]) for split, item in rows]).astype(
            np.float32
        ),
    )
