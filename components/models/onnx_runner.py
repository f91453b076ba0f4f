"""Runs the ONNX graph of a model folder: one code for the parity proof, batch prediction and online serving.

A session computes on one thread. Throughput comes from one runner per process and core: threads inside a session wait
for one another at every operator, runners beside one another never do.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..data.items import Task
from ..errors import InputError
from .folder import InputColumn, ModelFolder
from .outputs import to_predictions
from .predictions import Prediction

if TYPE_CHECKING:
    import pyarrow as pa

Tensors = dict[str, NDArray[Any]]


class OnnxRunner:
    """A loaded model: arrays or rows in, predictions in the shape of Vertex AI out."""

    def __init__(self, folder: ModelFolder) -> None:
        """Loads `model.onnx`.

        Raises:
            InputError: the file is absent, is not an ONNX graph, or does not have the inputs that model.json names.
        """
        self.folder = folder
        self.name, self.labels, self.is_multi_label = folder.name, folder.labels, folder.is_multi_label
        self.task: Task | None = folder.task
        self.input = folder.input
        self.files = [folder.path / "model.json", folder.onnx]
        if not folder.onnx.is_file():
            raise InputError(
                f"{folder.path} has no model.onnx: convert the model first (graduate component onnx_convert)"
            )
        self._session = open_session(folder.onnx)
        self._check_inputs()

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """Predicts pictures of any sizes, each run of equally sized neighbours in one call of the model.

        Args:
            images: RGB, uint8 [H, W, 3] each.

        Returns:
            One prediction per picture, in their order; boxes are normalised to the picture.
        """
        described = self.folder.input
        if described["kind"] != "image":
            raise TypeError(f"{self.folder.name} is a model of tables: use predict_rows")
        return [
            prediction
            for _, same_size in groupby(images, key=lambda image: image.shape)
            for prediction in self._predictions(self.run({described["name"]: _batch(list(same_size))}))
        ]

    def predict_rows(self, rows: "pa.RecordBatch") -> list[Prediction]:
        """Predicts table rows, one prediction per row; columns that the model does not know are not looked at.

        Args:
            rows: of a data set, or of the same column types; for a model of time series, of `series_batches`.

        Raises:
            InputError: a column of the model is absent, or of another kind.
        """
        described = self.folder.input
        if described["kind"] == "image":
            raise TypeError(f"{self.folder.name} is a model of images: use predict_images")
        if described["kind"] == "series":
            from .series_windows import series_tensors  # with pyarrow and its readers, which images have no use for

            return self._predictions(self.run(series_tensors(rows, described)))
        from .columns import column_tensors  # the same

        return self._predictions(self.run(column_tensors(rows, described["columns"])))

    def run(self, inputs: Tensors) -> Tensors:
        """The graph's outputs by name, for inputs by name (shapes and dtypes as the model folder describes)."""
        names = [output.name for output in self._session.get_outputs()]
        return {name: np.asarray(value) for name, value in zip(names, self._session.run(names, inputs), strict=True)}

    def _predictions(self, outputs: Tensors) -> list[Prediction]:
        return to_predictions(self.folder.task, self.folder.labels, outputs)

    def _check_inputs(self) -> None:
        described = self.folder.input
        if described["kind"] == "image":
            expected = {described["name"]: "tensor(uint8)"}
        elif described["kind"] == "series":
            from .series_windows import series_inputs

            expected = dict.fromkeys(series_inputs(described), "tensor(float)")
        else:
            expected = {column["name"]: _onnx_type(column) for column in described["columns"]}
        found = {each.name: each.type for each in self._session.get_inputs()}
        if found != expected:
            raise InputError(
                f"{self.folder.onnx} takes {found}, but model.json describes {expected}: convert the model again"
            )


def _batch(images: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of one size as [N, H, W, 3]; one alone is not copied."""
    return np.stack(images) if len(images) > 1 else images[0][np.newaxis]


def _onnx_type(column: InputColumn) -> str:
    return "tensor(string)" if column["dtype"] == "string" else "tensor(float)"


def open_session(file: Path) -> ort.InferenceSession:
    """Loads an ONNX file, to compute on one thread.

    Raises:
        InputError: it is no ONNX file, or one that onnxruntime cannot run.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # patterns are kept per input shape, and every image size is a new one
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no public base class
        raise InputError(f"{file} cannot be loaded: {error}; convert or export the model again") from error
