"""A plain ONNX file of somebody else's. (stub: TOOLS)"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..data.items import Task
from ..models.predictions import AnyPrediction
from .reading import Reading


class PlainModel:
    """Stub of the lead."""

    name: str
    task: Task | None
    labels: list[str]
    is_multi_label: bool
    input: Any
    files: list[Path]

    def __init__(self, file: Path, reading: Reading) -> None:
        raise NotImplementedError

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> list[AnyPrediction]:
        raise NotImplementedError

    def predict_rows(self, rows: pa.RecordBatch) -> list[AnyPrediction]:
        raise TypeError
