"""What the outputs of a plain ONNX file mean: what the file says, and else nothing but numbers.

A detector has outputs named as those of the TF Object Detection API: boxes in 0..1, classes counted from 1
(`object_detection/exporter_lib_v2.py` of https://github.com/tensorflow/models). A classifier has one output
[N, C], C > 1, whose rows are probabilities, or are made such by the activation that `Reading` names. Anything else is
handed on as it comes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.items import Task
from ..errors import InputError
from ..models.outputs import to_predictions
from ..models.predictions import AnyPrediction, of_probabilities
from .reading import Activation

DETECTION = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")

# How far from 1 the sum of a row of probabilities may be: a thousand of them in half precision.
_SUM_TOLERANCE = 0.01

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Description:
    """What a file that `onnx_convert` wrote says of itself in its metadata; nothing of other files.

    Attributes:
        is_ours: whether it says anything.
        labels: in the order of the classes.
        is_multi_label: whether an item may have several labels.
        first_class: the number of the first label.
    """

    is_ours: bool = False
    labels: list[str] = field(default_factory=list)
    is_multi_label: bool = False
    first_class: int = 1

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> "Description":
        """Reads what the model folder (`translate._metadata`) or the SavedModel (`serving.preprocessing`) said."""
        if '"graduate"' in metadata.get("preprocessing", ""):
            steps = json.loads(metadata["preprocessing"])
            return cls(True, steps["labels"], steps["multi_label"], steps["first_class"])
        if "dataset_digests" in metadata:
            return cls(True, json.loads(metadata["labels"]), first_class=0)
        return cls()


@dataclass(frozen=True)
class Detections:
    """Boxes with labels; a class is called by its number where there are no labels."""

    labels: Sequence[str]
    first_class: int

    def said(self, outputs: Tensors) -> AnyPrediction:
        """The prediction of a batch of one.

        Raises:
            InputError: the model answers a class without a label.
        """
        values = {name: np.atleast_1d(outputs[name]) for name in DETECTION}
        if not self.labels:
            numbers = [str(number) for number in range(int(values["detection_classes"].max(initial=0)) + 1)]
            return to_predictions(Task.OBJECT_DETECTION, numbers, values)[0]
        classes = values["detection_classes"] - self.first_class
        shown = classes[0, : int(values["num_detections"][0])]
        if shown.size and (shown.min() < 0 or shown.max() >= len(self.labels)):
            raise InputError(
                f"the model answers classes {shown.min() + self.first_class:g} to {shown.max() + self.first_class:g}, "
                f"but there are {len(self.labels)} labels, counted from {self.first_class}"
            )
        return to_predictions(Task.OBJECT_DETECTION, self.labels, values | {"detection_classes": classes})[0]


@dataclass(frozen=True)
class Classes:
    """Labels with probabilities."""

    labels: Sequence[str]
    output: str
    activation: Activation

    def said(self, outputs: Tensors) -> AnyPrediction:
        """The prediction of a batch of one."""
        return of_probabilities(self.labels, _activated(outputs[self.output][0].astype(np.float64), self.activation))


@dataclass(frozen=True)
class Raw:
    """Tensors of which nobody knows what they mean, as they come for a batch of one."""

    def said(self, outputs: Tensors) -> AnyPrediction:
        """All outputs as nested lists."""
        return {"outputs": {name: value.tolist() for name, value in outputs.items()}}


def are_probabilities(rows: NDArray[Any]) -> bool:
    """Whether each row is a distribution over the classes: none below 0, together 1.

    Args:
        rows: [N, C].
    """
    return bool((rows >= 0).all() and (np.abs(rows.astype(np.float64).sum(axis=1) - 1) <= _SUM_TOLERANCE).all())


def _activated(row: NDArray[np.float64], activation: Activation) -> NDArray[np.float64]:
    if activation not in ("softmax", "sigmoid"):
        return row
    from scipy import special  # only where it is needed: workers are to start fast

    return special.softmax(row) if activation == "softmax" else special.expit(row)
