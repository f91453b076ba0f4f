"""Small image models with their data sets, for tests of the other forms of a model."""

from pathlib import Path

import keras
import numpy as np
from PIL import Image
from tiny_models import an_item, image_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Item, Task
from graduate.components.models import predictions
from graduate.components.models.backbones import compact_backbone
from graduate.components.models.detection.anchors import make_anchors
from graduate.components.models.detection.export import ExportedDetector
from graduate.components.models.detection.network import build_detector
from graduate.components.models.folder import ModelFolder
from graduate.components.models.image_classifier import ExportedClassifier, build_classifier
from graduate.components.models.image_predictions import predict_images
from graduate.components.models.serving import ExportedImageModel
from graduate.components.onnx_convert.proof.pictures import pictures

SIDE = 64
LABELS = ["cat", "cow", "dog"]
PICTURES = 12


def detector(folder: Path) -> tuple[ModelFolder, Dataset]:
    """A detector, and pictures on which its own surest boxes are the truth."""
    keras.utils.set_random_seed(0)
    network = build_detector(compact_backbone(), len(LABELS))
    for name in ("classes_head", "boxes_head"):
        head = network.get_layer("heads").get_layer(name).layers[-1]
        kernel, bias = head.get_weights()
        head.set_weights([10 * kernel, np.zeros_like(bias)])
    return _with_data(folder, ExportedDetector(network, SIDE, make_anchors(SIDE, SIDE).boxes))


def classifier(folder: Path, network: keras.Model | None = None) -> tuple[ModelFolder, Dataset]:
    """A classifier (ours, if no network is given), and pictures on which its own answers are the truth."""
    keras.utils.set_random_seed(0)
    network = network or build_classifier(compact_backbone(), len(LABELS))
    for weight in network.layers[-1].weights:
        weight.assign(20 * weight)
    return _with_data(folder, ExportedClassifier(network, SIDE))


def own_network() -> keras.Model:
    """A classifier that stands on no known backbone."""
    images = keras.Input((SIDE, SIDE, 3))
    hidden = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 5, strides=4, activation="relu")(images))
    return keras.Model(images, keras.layers.Dense(len(LABELS))(hidden))


def _with_data(folder: Path, exported: ExportedImageModel) -> tuple[ModelFolder, Dataset]:
    files = []
    for place, pixels in enumerate(pictures(PICTURES, 48, 56, 3, seed=0)):
        files.append(folder / f"{place}.png")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((255 * pixels).astype(np.uint8)).save(files[-1])
    items = [an_item(file, file.stem) for file in files]
    found = dict(predict_images(exported.predict, exported.task, LABELS, items))
    for item in items:
        _take_for_truth(item, found[item.id])
    data = Dataset.open(image_dataset(folder / "data", {"train": items[::2], "test": items[1::2]}, exported.task))
    exported.save(folder / "saved_model", LABELS)
    return _folder(folder, exported.task, data, {item.id: found[item.id] for item in items[1::2]}), data


def _take_for_truth(item: Item, prediction) -> None:
    if "bboxes" not in prediction:
        item.labels = prediction["displayNames"][:1]
        return
    found = zip(prediction["displayNames"][:5], prediction["bboxes"], strict=False)
    item.boxes = [Box(label, xmin, ymin, xmax, ymax) for label, (xmin, xmax, ymin, ymax) in found]


def _folder(folder: Path, task: Task, data: Dataset, found: dict) -> ModelFolder:
    model = ModelFolder(
        path=folder,
        name="tiny",
        task=task,
        labels=LABELS,
        framework="tensorflow",
        pretrained="Not trained.",
        dataset_digests=data.digests,
        input={"kind": "image", "name": "image_tensor", "height": SIDE, "width": SIDE},
    )
    model.predictions("test").parent.mkdir()
    predictions.write(model.predictions("test"), found.items())
    model.save()
    return model
