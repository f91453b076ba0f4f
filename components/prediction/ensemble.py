"""Several ONNX models as one.

The folder of an ensemble, as `build_ensemble` writes it:

    model.json        as of any model, see `models.folder`; there is no model.onnx
    ensemble.json     {"format": 1, "weights": {MEMBER: weight}, "iou_threshold": of box fusion, or null}
    members/MEMBER/   model.json and model.onnx of each member
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.items import Task
from ..data.storage import write_atomically
from ..errors import InputError
from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner
from ..models.predictions import Prediction, of_probabilities, to_probabilities
from .fusion import fuse

if TYPE_CHECKING:  # pictures need none of it
    import pyarrow as pa

ENSEMBLE = "ensemble.json"
MEMBERS = "members"
FORMAT = 1


@dataclass(frozen=True)
class Combination:
    """How the members' predictions become one.

    Attributes:
        labels: of the ensemble, in its order; empty for regression.
        weights: of each member, positive, with a sum of 1.
        iou_threshold: of box fusion; None where there are no boxes.
    """

    labels: Sequence[str]
    weights: Sequence[float]
    iou_threshold: float | None = None

    def combine(self, predictions: Sequence[Any]) -> Prediction:
        """One prediction of the members' predictions of one item.

        The weighted mean of values or of probabilities, label by label; boxes are fused, see `fusion`. A single member
        is taken at its word.
        """
        if len(predictions) == 1:
            return predictions[0]
        if self.iou_threshold is not None:
            return fuse(predictions, self.weights, self.iou_threshold)
        if not self.labels:
            return {"value": float(np.dot(self.weights, [each["value"] for each in predictions]))}
        return of_probabilities(
            self.labels, np.dot(self.weights, [to_probabilities(self.labels, each) for each in predictions])
        )


class Ensemble:
    """A loaded ensemble: a `Predictor` like any model, which asks its members one after the other."""

    def __init__(self, folder: ModelFolder) -> None:
        """Loads all members.

        Raises:
            InputError: ensemble.json is none of this version, or a member is absent, broken or of another task.
        """
        self.name, self.labels = folder.name, folder.labels
        self.task: Task | None = folder.task
        self.is_multi_label, self.input = folder.is_multi_label, folder.input
        weights, iou_threshold = _read(folder.path / ENSEMBLE)
        self.combination = Combination(folder.labels, list(weights.values()), iou_threshold)
        self.members = [_member(folder, name) for name in weights]
        files = [folder.path / "model.json", folder.path / ENSEMBLE]
        self.files = [*files, *(file for member in self.members for file in member.files)]

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """One prediction per picture, uint8 [H, W, 3] in RGB, of any sizes; each member resizes as it was trained to.

        Raises:
            TypeError: it is an ensemble of models of tables.
        """
        return self._combined([member.predict_images(images) for member in self.members])

    def predict_rows(self, rows: "pa.RecordBatch") -> list[Prediction]:
        """One prediction per row, of which each member takes the columns that it knows.

        Raises:
            InputError: a column of a member is absent, or of another kind.
            TypeError: it is an ensemble of models of images.
        """
        return self._combined([member.predict_rows(rows) for member in self.members])

    def _combined(self, by_member: Sequence[Sequence[Prediction]]) -> list[Prediction]:
        return [self.combination.combine(of_item) for of_item in zip(*by_member, strict=True)]


def write_combination(path: Path, weights: Mapping[str, float], iou_threshold: float | None) -> None:
    """Writes the ensemble.json of a folder, whole or not at all; weights are by the name of the member's folder."""
    values = {"format": FORMAT, "weights": dict(weights), "iou_threshold": iou_threshold}
    with write_atomically(path / ENSEMBLE) as aside:
        aside.write_text(json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _read(file: Path) -> tuple[dict[str, float], float | None]:
    try:
        values = json.loads(file.read_bytes())
        weights, iou_threshold = values["weights"], values["iou_threshold"]
        if values["format"] == FORMAT and _are_weights(weights) and (iou_threshold is None or 0 <= iou_threshold <= 1):
            return weights, iou_threshold
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # said below
    raise InputError(f"{file} is not the description of an ensemble of this version: build the ensemble again")


def _are_weights(weights: Mapping[str, float]) -> bool:
    """Whether they are of folders beside one another, positive, and add up to 1."""
    are_names = all(name not in ("", ".", "..") and name == Path(name).name for name in weights)
    are_positive = all(0 < value <= 1 for value in weights.values())
    return are_names and are_positive and math.isclose(sum(weights.values()), 1, rel_tol=1e-6)


def _member(ensemble: ModelFolder, name: str) -> OnnxRunner:
    runner = OnnxRunner(ModelFolder.open(ensemble.path / MEMBERS / name))
    if runner.task is not ensemble.task or set(runner.labels) != set(ensemble.labels):
        raise InputError(f"{runner.folder.path} has another task or other labels than its ensemble: build it again")
    return runner
