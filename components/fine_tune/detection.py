"""Training of an object detector: all of the network, from a checkpoint or from nothing."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from ..data.dataset import Dataset
from ..models import history, predictions
from ..models.backbones import load_backbone
from ..models.detection.anchors import make_anchors
from ..models.detection.export import ExportedDetector
from ..models.detection.labels import box_arrays
from ..models.detection.network import build_detector
from ..models.detection.training import ImageSource, train_detector
from ..models.folder import ModelFolder
from ..models.image_data import decode_images, some_batches
from ..models.image_input import scaled
from ..models.image_model import image_model
from ..models.image_predictions import predict_images
from ..models.measured import measure_on_test
from ..models.training import Recipe, set_seed, settle_norms

DEFAULT_STEPS = 1500


def fine_tune_detector(dataset: Dataset, output: Path, train_steps: int, checkpoint: str, seed: int) -> ModelFolder:
    """Trains a detector on the train split and measures it on the test split.

    Args:
        dataset: of images with boxes.
        output: the model folder to write.
        train_steps: batches of 16 images; 0 for `DEFAULT_STEPS`.
        checkpoint: see `backbones.load_backbone`.
        seed: of the initial weights, the order of the images and the augmentation.

    Returns:
        The model folder, saved.

    Raises:
        InputError: the checkpoint cannot be used, or the data cannot be learned from.
    """
    set_seed(seed)
    backbone = load_backbone(checkpoint)
    print(backbone.pretrained, flush=True)
    network = build_detector(backbone.network, len(dataset.labels))
    recipe = Recipe(steps=train_steps or DEFAULT_STEPS, seed=seed)
    size = backbone.image_size
    items = list(dataset.items("train"))
    truth = box_arrays(items, dataset.labels)
    with tempfile.TemporaryDirectory() as scratch:
        images = decode_images(items, size, Path(scratch))
        curve = train_detector(network, make_anchors(size, size), ImageSource(images), truth, recipe)
        settle_norms(network, map(scaled, some_batches(images, seed)))
    history.write(output, curve)

    exported = ExportedDetector(network, size)
    model = image_model(output, "custom detector", dataset, backbone, asdict(recipe), seed)
    exported.save(model.saved_model)
    test = list(dataset.items("test"))
    found = dict(predict_images(exported.detect, dataset.task, dataset.labels, test))
    predictions.write(model.predictions("test"), found.items())
    measure_on_test(model, dataset, found)
    model.save()
    return model
