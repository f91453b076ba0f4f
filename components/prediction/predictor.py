"""A model that can be predicted with, whatever it is on disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data.items import Task
from ..errors import InputError
from ..models.folder import ModelFolder
from ..models.onnx_runner import OnnxRunner
from ..models.predictions import AnyPrediction
from .ensemble import ENSEMBLE, Ensemble
from .plain_model import PlainModel
from .reading import Reading

if TYPE_CHECKING:
    import pyarrow as pa


class Predictor(Protocol):
    """Images or rows in, predictions in the shape of Vertex AI out.

    Attributes:
        name: short name for pages.
        task: what it predicts; None for a plain file that does not say.
        labels: in the order of its classes.
        is_multi_label: whether an item may have several labels.
        input: what it is called with, as a model folder describes it.
        files: what its answers depend on, for a digest.
    """

    name: str
    task: Task | None
    labels: list[str]
    is_multi_label: bool
    input: Any
    files: list[Path]

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[AnyPrediction]:
        """One prediction per picture, uint8 [H, W, 3] in RGB, of any sizes.

        Raises:
            TypeError: it is a model of rows.
        """
        ...

    def predict_rows(self, rows: "pa.RecordBatch") -> Sequence[AnyPrediction]:
        """One prediction per row.

        Raises:
            InputError: a column is absent or of another kind.
            TypeError: it is a model of images.
        """
        ...


def open_predictor(path: str | Path, reading: Reading | None = None) -> Predictor:
    """Loads a model folder, the folder of an ensemble, or an ONNX file.

    Args:
        path: of it.
        reading: for an ONNX file alone, how it takes images.

    Raises:
        InputError: it is none of these, cannot be loaded, is an ONNX file whose input `reading` leaves unclear, or a
            folder, which says itself what `reading` does.
    """
    path = Path(path)
    if path.is_file():
        return PlainModel(path, reading or Reading())
    folder = ModelFolder.open(path)
    if reading not in (None, Reading()):
        raise InputError(
            f"{path} is a model folder, which says itself how it takes images: leave layout, scaling, channels, labels "
            "and activation away"
        )
    if (path / ENSEMBLE).exists():
        return Ensemble(folder)
    return OnnxRunner(folder)
