"""The baseline of image classification: a linear classifier on a frozen backbone's pooled features."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from ...data.dataset import Dataset
from ...data.items import SPLITS, Item
from ...errors import InputError
from ...models import label_probabilities, metrics, predictions
from ...models.backbones import Backbone, load_backbone
from ...models.features import FeatureCache, freeze
from ...models.folder import ModelFolder
from ...models.image_classifier import ExportedClassifier, build_embedding
from ...models.image_model import image_model
from ...models.image_predictions import predict_images
from ...models.label_probabilities import LabelProbabilities
from ...models.measured import measure_on_test
from ...models.predictions import Prediction, to_probabilities
from ...models.training import set_seed
from .classifiers import ClassifierSettings, ClassifierTrainer
from .labels import FOLDS, USUAL, HeadKind
from .multi_label import MultiLabelTrainer
from .search import Clock, Found, check_effort, search

SMALLER, LARGER = 0.7, 1.4  # times the backbone's usual image size
REGULARISATIONS = (0.003, 0.03, 0.3, 3.0)

Answers = dict[str, Prediction]


def train_classification_baseline(
    dataset: Dataset, output: Path, effort: str, checkpoint: str, seed: int, time_limit: float = 0.0
) -> ModelFolder:
    """Fits the classifier, measures it, and says of each label how probable it is.

    Args:
        dataset: of images; those without a label are not learned from. Where none has several labels, one label is
            chosen; where some have, each label is judged by itself, and the gate gets no label probabilities.
        output: the model folder to write.
        effort: `fast` fits one classifier; `standard` takes the best of several at two resolutions, `thorough` at
            three, on the validation split, or out of fold on the train split where it has no label.
        checkpoint: the backbone's weights, see `backbones.load_backbone`.
        seed: same data, same seed, same machine: same model.
        time_limit: seconds of wall-clock time after which no further candidate is tried; 0 for none.

    Returns:
        The model folder, saved: with a SavedModel, predictions of all splits (train: out of fold), label
        probabilities, the leaderboard and the hyperparameters. Without a label in the test split it has no metrics.

    Raises:
        InputError: the checkpoint or the effort cannot be used, or the train split has fewer than two labels.
    """
    start, clock, several = time.process_time(), Clock(time_limit), dataset.is_multi_label
    check_effort(effort)
    set_seed(seed)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    items: dict[str, list[Item]] = {split: list(dataset.items(split)) for split in SPLITS}
    known = [item.labels for item in items["train"] if item.labels and (several or len(item.labels) == 1)]
    if (present := len(set(chain.from_iterable(known)))) < 2:
        raise InputError("the labelled train images have fewer than two labels: there is nothing to tell apart")
    freeze(backbone, items["train"])
    embedding = build_embedding(backbone.network)
    with tempfile.TemporaryDirectory() as scratch:
        features = FeatureCache(embedding, items, Path(scratch), seed=seed)
        trainer = (MultiLabelTrainer if several else ClassifierTrainer)(dataset.labels, features)
        found = _search(trainer, features, candidates(effort, len(known), present, backbone, several), clock)
        network = trainer.with_logits(embedding, found.best)
        answers = {"train": trainer.answers_out_of_fold(found.best)}

    backbone = replace(backbone, image_size=found.best.image_size)
    model = image_model(output, "baseline classifier", dataset, backbone, {"effort": effort, **found.parameters}, seed)
    found.write(model)
    exported = ExportedClassifier(network, backbone.image_size, several)
    exported.save(model.saved_model, dataset.labels)
    for split in ("validation", "test"):
        answers[split] = dict(predict_images(exported.predict, dataset.task, dataset.labels, items[split]))
    _write_evidence(model, dataset, items, answers)
    model.parameters["cpu_seconds"] = round(time.process_time() - start, 1)
    model.save()
    return model


def candidates(
    effort: str, images: int, labels: int, backbone: Backbone, is_multi_label: bool
) -> list[ClassifierSettings]:
    """What an effort tries for a number of labelled training images and of their labels, the cheapest first."""
    usual = backbone.image_size
    if effort == "fast":
        return [ClassifierSettings(usual, USUAL)]
    kinds = [HeadKind(regularisation=each) for each in REGULARISATIONS]
    if images > FOLDS * labels and not is_multi_label:  # fewer do not show how a class spreads
        kinds.append(HeadKind("linear_discriminant_analysis"))
    scales = (SMALLER, 1.0) if effort == "standard" else (SMALLER, 1.0, LARGER)
    return [ClassifierSettings(round(usual * scale / 32) * 32, kind) for scale in scales for kind in kinds]


def _search(
    trainer: ClassifierTrainer | MultiLabelTrainer,
    features: FeatureCache,
    tried: list[ClassifierSettings],
    clock: Clock,
) -> Found[ClassifierSettings]:
    """The candidate that knows the labels of images that it has not learned from best."""
    judged_on = "the validation split" if trainer.has_validation else "training images, out of fold"
    return search(
        tried, lambda settings: features.at(settings.image_size), trainer.measure, trainer.judged_by, judged_on, clock
    )


def _write_evidence(
    model: ModelFolder, dataset: Dataset, items: Mapping[str, list[Item]], answers: Mapping[str, Answers]
) -> None:
    """Writes the predictions of every split and the label probabilities, and measures the test split."""
    for split, by_item in answers.items():
        predictions.write(model.predictions(split), by_item.items())
    if not dataset.is_multi_label:
        label_probabilities.write(model.label_probabilities, _label_rows(items, answers, dataset.labels))
    if metrics.truths(dataset, "test"):
        measure_on_test(model, dataset, answers["test"])


def _label_rows(
    items: Mapping[str, list[Item]], answers: Mapping[str, Answers], labels: list[str]
) -> LabelProbabilities:
    rows = [(split, item) for split, members in items.items() for item in members if len(item.labels) == 1]
    return LabelProbabilities(
        ids=[item.id for _, item in rows],
        splits=[split for split, _ in rows],
        boxes=np.full(len(rows), -1, np.int32),
        labels=[item.labels[0] for _, item in rows],
        probabilities=np.stack([to_probabilities(labels, answers[split][item.id]) for split, item in rows]).astype(
            np.float32
        ),
    )
