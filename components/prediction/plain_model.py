"""A plain ONNX file of somebody else's, whose one input is a batch of pictures."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..data.items import Task
from ..errors import InputError
from ..models.folder import ImageInput
from ..models.onnx_runner import open_session
from ..models.predictions import AnyPrediction
from .plain_input import PlainInput
from .plain_outputs import DETECTION, Classes, Description, Detections, Raw, are_probabilities
from .reading import Activation, Reading

if TYPE_CHECKING:
    import pyarrow as pa

# What exporters call the file of the weights that they keep outside of an ONNX file.
WEIGHTS = (".data", "_data")
# What a file that takes any size is tried on: a multiple of whatever networks scale down by.
_TRIED_SIZE = 256
_NUMBERS = (
    "float",
    "float16",
    "double",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint64",
    "uint32",
    "uint16",
    "uint8",
    "bool",
)


class PlainModel:
    """A loaded file: pictures in, predictions out; the attributes are those of `Predictor`."""

    def __init__(self, file: Path, reading: Reading) -> None:
        """Loads it, and tries a classifier on two made-up pictures: whether it answers probabilities shows so alone.

        Raises:
            InputError: it is no ONNX file of pictures, or `reading` leaves its input unclear or contradicts it.
        """
        self.name = file.stem
        self.files = [file, *(each for end in WEIGHTS if (each := file.with_name(file.name + end)).exists())]
        if reading.labels:
            self.files.append(Path(reading.labels))
        self._file, self._session = file, open_session(file)
        self._image = PlainInput.of(file, self._session.get_inputs(), reading)
        self.input = ImageInput(kind="image", name=self._image.name, height=self._image.height, width=self._image.width)
        self._outputs = _outputs(file, self._session)
        described = Description.of(self._session.get_modelmeta().custom_metadata_map)
        self.labels = _read_labels(reading.labels) if reading.labels else described.labels
        self.is_multi_label = described.is_multi_label or reading.activation in ("none", "sigmoid")
        self.task, self._answer = self._understood(described, reading)

    def predict_images(self, images: Sequence[NDArray[np.uint8]]) -> list[AnyPrediction]:
        """One prediction per picture, uint8 [H, W, 3] in RGB, of any sizes.

        Boxes and labels where the file says that it answers them (see `plain_outputs`), or else its outputs.

        Raises:
            InputError: the model answers a class without a label.
        """
        return [self._answer.said(self._run(image)) for image in images]

    def predict_rows(self, rows: "pa.RecordBatch") -> list[AnyPrediction]:
        """Raises TypeError: it is a model of images."""
        raise TypeError(f"{self.name} is a model of images: use predict_images")

    def _run(self, image: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        values = self._session.run(list(self._outputs.values()), {self._image.name: self._image.tensor(image)})
        return dict(zip(self._outputs, map(np.asarray, values), strict=True))

    def _understood(self, described: Description, reading: Reading) -> tuple[Task | None, Detections | Classes | Raw]:
        """What it predicts, and how its answers are said."""
        if self._is_detector():
            if reading.activation:
                raise InputError(f"{self._file} is a detector, whose scores are final: leave --activation away")
            self._outputs = {name: self._outputs[name] for name in DETECTION}
            return Task.OBJECT_DETECTION, Detections(self.labels, described.first_class)
        rows = self._tried()
        activation: Activation = reading.activation or ("none" if described.is_ours else "")
        if rows is not None and (activation or are_probabilities(rows)):
            return Task.IMAGE_CLASSIFICATION, self._classes(rows.shape[1], activation)
        if rows is not None and reading.labels:
            raise InputError(
                f"{self._file} answers {rows.shape[1]} numbers that are no probabilities: give --activation softmax "
                "(an image has one label) or sigmoid (several), or none where they are probabilities of several labels"
            )
        if reading.labels or reading.activation:
            names = ", ".join(self._outputs)
            raise InputError(f"{self._file} is no classifier or detector ({names}): leave labels and activation away")
        return None, Raw()

    def _is_detector(self) -> bool:
        ranks = {each.name: len(each.shape) for each in self._session.get_outputs()}  # 0 where it is unknown
        return self._outputs.keys() >= set(DETECTION) and ranks[self._outputs["detection_boxes"]] in (0, 3)

    def _classes(self, count: int, activation: Activation) -> Classes:
        self.labels = self.labels or [str(number) for number in range(count)]
        if len(self.labels) != count:
            raise InputError(f"there are {len(self.labels)} labels, but {self._file} answers {count} classes")
        (output,) = self._outputs
        return Classes(self.labels, output, activation)

    def _tried(self) -> NDArray[Any] | None:
        """The rows [2, C] that a classifier answers for black and for noise; None of what is no classifier."""
        shapes = [each.shape for each in self._session.get_outputs()]
        if len(shapes) != 1 or len(shapes[0]) not in (0, 2):  # without axes: of unknown shape
            return None
        size = (self._image.height or _TRIED_SIZE, self._image.width or _TRIED_SIZE, 3)
        noise = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        try:
            answers = [next(iter(self._run(image).values())) for image in (np.zeros_like(noise), noise)]
        except Exception as error:  # onnxruntime's errors have no public base class
            raise InputError(f"{self._file} fails on a picture of {size[1]} x {size[0]} pixels: {error}") from error
        is_row = [each.ndim == 2 and each.shape[0] == 1 and each.shape[1] > 1 for each in answers]
        return np.concatenate(answers) if all(is_row) and answers[0].dtype.kind == "f" else None


def _outputs(file: Path, session: ort.InferenceSession) -> dict[str, str]:
    """Names of the outputs in the file by their plain names: TensorFlow's end in `:0`."""
    outputs = session.get_outputs()
    for each in outputs:
        if each.type not in [f"tensor({kind})" for kind in _NUMBERS]:
            raise InputError(f"{file} answers {each.name!r} as {each.type}: only tensors of numbers can be written")
    return {each.name.removesuffix(":0"): each.name for each in outputs}


def _read_labels(file: str) -> list[str]:
    try:
        labels = Path(file).read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the labels {file} cannot be read: {error}; give a text file on this machine, a label per line"
        ) from error
    labels = [label.strip() for label in labels]
    if not all(labels) or not labels:
        line = labels.index("") + 1 if labels else 1
        raise InputError(f"{file}, line {line}: no label; give a label per line, in the order of the model's classes")
    label, count = Counter(labels).most_common(1)[0]
    if count > 1:  # predictions name classes by their labels alone
        lines = " and ".join(str(line) for line, each in enumerate(labels, 1) if each == label)
        raise InputError(f"{file}, lines {lines}: {label!r} is the label of several classes; give each one of its own")
    return labels
