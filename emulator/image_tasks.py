"""AutoML training on images (schema/trainingjob/definition/automl_image_*_1.0.0.yaml)."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from google.cloud.aiplatform import schema
from google.cloud.aiplatform_v1 import types

from . import metrics
from .boxes import Found, detection
from .checks import Checks
from .datasets import Datasets
from .errors import ApiError, invalid
from .import_files import ML_USE, ImageItem
from .learning import nearest, thumbnail
from .splits import split
from .table_tasks import check_parts
from .task_inputs import ImageClassificationInputs, ObjectDetectionInputs
from .tasks import Task, Trained, spent

_EDGE_TYPES = ("MOBILE_TF_LOW_LATENCY_1", "MOBILE_TF_VERSATILE_1", "MOBILE_TF_HIGH_ACCURACY_1")
_EDGE_BUDGET = (1_000, 100_000)
_NEIGHBOURS = 5
# How many are given where the request does not say it.
_PREDICTIONS = 10


class ImageTask(Task):
    """What both kinds of training on images have in common.

    Attributes:
        cloud_types: model types that stay in the cloud; the first is the default.
        cloud_budget: range of their budget, in milli node hours.
        edge_exports: formats that the other types can be exported in.
    """

    dataset_schema = schema.dataset.metadata.image
    splits = ("fraction_split", "filter_split")
    cloud_types: tuple[str, ...]
    cloud_budget: tuple[int, int]
    edge_exports: tuple[str, ...]

    def check(self, checks: Checks, inputs: Any) -> None:
        checks.one_of("model_type", inputs.model_type, (*self.cloud_types, *_EDGE_TYPES))
        checks.between("budget_milli_node_hours", inputs.budget_milli_node_hours, *self._budget(inputs))

    def train(self, inputs: Any, datasets: Datasets, dataset: str, config: types.InputDataConfig) -> Trained:
        items = datasets.images(dataset, self.annotation_schema)
        parts = split(items, config, lambda item: {ML_USE: item.use}, ML_USE, "")
        check_parts(parts)
        learner = self.learner(inputs, parts.training)
        is_edge = inputs.model_type in _EDGE_TYPES
        cost = spent(inputs.budget_milli_node_hours, self._budget(inputs)[0], inputs.disable_early_stopping)
        stopped = "BUDGET_REACHED" if cost == inputs.budget_milli_node_hours else "MODEL_CONVERGED"
        return Trained(
            predict=learner.predict,
            metrics=learner.metrics(parts.test),
            metrics_schema=metrics.SCHEMA.format(learner.schema),
            metadata={"costMilliNodeHours": str(cost), "successfulStopReason": stopped},
            labels=learner.labels,
            export_formats=self.edge_exports if is_edge else (),
            # https://cloud.google.com/vertex-ai/docs/export/export-edge-model: such models predict outside only.
            input_formats=() if is_edge else ("jsonl",),
            images=True,
        )

    @abstractmethod
    def learner(self, inputs: Any, items: Sequence[ImageItem]) -> "_Classifier | _Detector":
        """Learns from images."""

    def _budget(self, inputs: Any) -> tuple[int, int]:
        return _EDGE_BUDGET if inputs.model_type in _EDGE_TYPES else self.cloud_budget


class ClassificationTask(ImageTask):
    """Labels of whole images."""

    inputs_type = ImageClassificationInputs
    annotation_schema = schema.dataset.annotation.image.classification
    cloud_types = ("CLOUD", "CLOUD_1")
    cloud_budget = (8_000, 800_000)
    edge_exports = ("tflite", "edgetpu-tflite", "tf-saved-model", "tf-js", "core-ml")

    def learner(self, inputs: ImageClassificationInputs, items: Sequence[ImageItem]) -> "_Classifier":
        return _Classifier(items, inputs.multi_label)


class DetectionTask(ImageTask):
    """Boxes in images."""

    inputs_type = ObjectDetectionInputs
    annotation_schema = schema.dataset.annotation.image.bounding_box
    cloud_types = ("CLOUD_HIGH_ACCURACY_1", "CLOUD_LOW_LATENCY_1", "CLOUD_1", "CLOUD_STREAMING_1")
    cloud_budget = (20_000, 900_000)
    edge_exports = ("tflite", "tf-saved-model", "tf-js")

    def learner(self, inputs: ObjectDetectionInputs, items: Sequence[ImageItem]) -> "_Detector":
        return _Detector(items)


class _Classifier:
    """Predicts the labels' shares among the nearest images of training."""

    schema = "classification"

    def __init__(self, items: Sequence[ImageItem], multi_label: bool) -> None:
        self.labels = tuple(sorted({label for item in items for label in item.labels}))
        self._multi_label = multi_label
        self._known = _vectors(items)
        self._answers = self._truth(items)

    def _truth(self, items: Sequence[ImageItem]) -> np.ndarray:
        """Bool [items, labels]."""
        return np.array([[label in item.labels for label in self.labels] for item in items], bool)

    def _scores(self, vectors: np.ndarray) -> np.ndarray:
        near = self._answers[nearest(self._known, vectors, _NEIGHBOURS)[0]]
        return near.mean(axis=1)

    def metrics(self, items: Sequence[ImageItem]) -> dict[str, Any]:
        scores = self._scores(_vectors(items))
        return metrics.classification(self.labels, self._truth(items), scores, exclusive=not self._multi_label)

    def predict(self, instances: Sequence[Any], parameters: dict[str, Any]) -> list[dict[str, Any] | ApiError]:
        return [_tried(lambda instance=each: self._predicted(instance, parameters)) for each in instances]

    def _predicted(self, instance: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        scores = self._scores(thumbnail(_uri(instance))[None])[0]
        order = _kept(scores, parameters)
        return _named(self.labels, order, [float(scores[at]) for at in order])


class _Detector:
    """Predicts the boxes of the nearest image of training, the surer the nearer."""

    schema = "image_object_detection"

    def __init__(self, items: Sequence[ImageItem]) -> None:
        self.labels = tuple(sorted({label for item in items for label in item.labels}))
        self._items = items
        self._known = _vectors(items)

    def _found(self, vectors: np.ndarray) -> list[Found]:
        indices, distances = nearest(self._known, vectors, 1)
        found = []
        for item, distance in zip((self._items[at] for at in indices[:, 0]), distances[:, 0], strict=True):
            found.append(Found(item.labels, item.boxes or (), [1 / (1 + float(distance))] * len(item.labels)))
        return found

    def metrics(self, items: Sequence[ImageItem]) -> dict[str, Any]:
        return detection([Found(item.labels, item.boxes or ()) for item in items], self._found(_vectors(items)))

    def predict(self, instances: Sequence[Any], parameters: dict[str, Any]) -> list[dict[str, Any] | ApiError]:
        return [_tried(lambda instance=each: self._predicted(instance, parameters)) for each in instances]

    def _predicted(self, instance: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        found = self._found(thumbnail(_uri(instance))[None])[0]
        order = _kept(np.array(found.scores), parameters)
        numbers = [self.labels.index(label) for label in found.labels]
        named = _named(self.labels, [numbers[at] for at in order], [found.scores[at] for at in order])
        # The service's order of sides.
        return {**named, "bboxes": [[found.boxes[at][side] for side in (0, 2, 1, 3)] for at in order]}


def _vectors(items: Sequence[ImageItem]) -> np.ndarray:
    return np.array([thumbnail(item.uri) for item in items])


def _uri(instance: Any) -> str:
    """Where an instance's image is (schema/predict/instance/image_classification_1.0.0.yaml)."""
    if not isinstance(instance, dict) or not str(instance.get("content", "")).startswith("gs://"):
        raise invalid("An instance must have `content`, the gs:// URI of an image.")
    if set(instance) - {"content", "mimeType"}:
        raise invalid("An instance has `content` and `mimeType` only.")
    return instance["content"]


def _tried(predict: Any) -> dict[str, Any] | ApiError:
    try:
        return predict()
    except ApiError as error:
        return error


def _kept(scores: np.ndarray, parameters: dict[str, Any]) -> list[int]:
    """Numbers of the predictions that are given, the surest first (schema/predict/params/image_*_1.0.0.yaml)."""
    least = float(parameters.get("confidenceThreshold", 0))
    order = [int(at) for at in np.argsort(-scores, kind="stable") if scores[at] >= least]
    return order[: int(parameters.get("maxPredictions", _PREDICTIONS))]


def _named(labels: Sequence[str], numbers: Sequence[int], scores: Sequence[float]) -> dict[str, Any]:
    names = [labels[number] for number in numbers]
    return {"ids": [str(number) for number in numbers], "displayNames": names, "confidences": list(scores)}
