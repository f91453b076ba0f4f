"""How a model of the user's, which nothing describes, is called with a dataset's items, and what its answers mean.

There may be several ways: pixels of 0..255, of 0..1 or of -1..1; classes that begin at 0 or, as in the TF Object
Detection API's exported models, at 1. Who measures tries them all, and takes the one that answers best.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from ...data.dataset import Dataset
from ...data.images import decode, read_image
from ...data.items import Item, Task
from ...errors import InputError
from ...models.columns import column_tensors, input_column, signature_names
from ...models.folder import InputColumn
from ...models.outputs import to_predictions
from ...models.predictions import Prediction
from ..tensors import Signature, Tensors, TensorSpec
from .batches import picture_input, picture_tensor
from .detections import is_detector
from .found import CLASSES
from .pictures import RANGES

Items = Iterator[tuple[list[str], Tensors]]
Read = Callable[[Tensors], list[Prediction]]
_ROWS = 1024


@dataclass(frozen=True)
class Reading:
    """One way to use a model for a dataset.

    Attributes:
        sentence: which way it is.
        items: the test split as batches of item ids and inputs.
        reader: what makes predictions of a batch's outputs, told by what the model answers for the first batches.
    """

    sentence: str
    items: Callable[[], Items]
    reader: Callable[[Sequence[Tensors]], Read]


def readings(dataset: Dataset, signature: Signature) -> list[Reading]:
    """All ways to use a model for a dataset.

    Raises:
        InputError: the model's inputs or outputs are not those of the dataset's task.
    """
    answers = _answers(dataset, signature.outputs)
    if dataset.task.is_image:
        spec = picture_input(signature)
        styles = (0,) if spec.dtype == "uint8" else range(len(RANGES))
        ways = [(f"pixels are given as {RANGES[style]}", _pictures(dataset, spec, style)) for style in styles]
    else:
        ways = [("columns are given by their names", _rows(dataset, signature.inputs))]
    return [Reading(f"{given}, {meant}", items, reader) for given, items in ways for meant, reader in answers]


def _pictures(dataset: Dataset, spec: TensorSpec, style: int) -> Callable[[], Items]:
    def items() -> Items:
        for item in dataset.items("test"):
            yield [item.id], {spec.name: picture_tensor(_pixels(item), spec, style)}

    return items


def _pixels(item: Item) -> NDArray[np.uint8]:
    return decode(read_image(item))


def _rows(dataset: Dataset, inputs: Sequence[TensorSpec]) -> Callable[[], Items]:
    columns = [input_column(each) for each in dataset.columns if each.name != dataset.label_column]
    by_name = {name: column for column, name in signature_names(columns).items()} | {
        c["name"]: c["name"] for c in columns
    }
    known = {column["name"]: column for column in columns}
    used: dict[str, InputColumn] = {}
    for spec in inputs:
        column = known.get(by_name.get(spec.name, ""))
        if column is None or column["dtype"] != spec.dtype:
            raise InputError(f"the model's input {spec.name} ({spec.dtype}) is no column of the dataset")
        used[spec.name] = column
    flat = {spec.name for spec in inputs if spec.shape is not None and len(spec.shape) == 1}

    def items() -> Items:
        for batch in dataset.batches("test", [*{each["name"] for each in used.values()}, "__id__"], _ROWS):
            tensors = column_tensors(batch, used.values())
            given = {name: tensors[column["name"]] for name, column in used.items()}
            yield (
                batch.column("__id__").to_pylist(),
                {name: value[:, 0] if name in flat else value for name, value in given.items()},
            )

    return items


def _answers(dataset: Dataset, outputs: Sequence[TensorSpec]) -> list[tuple[str, Callable[[Sequence[Tensors]], Read]]]:
    """What the outputs may mean, each with a sentence."""
    task, labels = dataset.task, dataset.labels
    if task is Task.OBJECT_DETECTION:
        if not is_detector(each.name for each in outputs):
            raise InputError("the model's outputs are no detections with names of the TF Object Detection API")
        detections = [_detections(labels, first) for first in (0, 1)]
        return [(f"the first class is {first}", lambda _, r=read: r) for first, read in enumerate(detections)]
    name = _only_scores(outputs, 1 if task.predicts_numbers else len(labels))
    if task.predicts_numbers:
        return [(f"{name} is the value", lambda _: lambda found: to_predictions(task, labels, {"value": found[name]}))]
    return [(f"{name} has a score for each label, in their order", lambda first: _scores(dataset, name, first))]


def _scores(dataset: Dataset, name: str, first: Sequence[Tensors]) -> Read:
    """Scores are probabilities where all of the first ones are; otherwise they are logits, all of them."""
    scores = np.concatenate([each[name] for each in first]).astype(np.float64)
    is_probability = bool(((scores >= 0) & (scores <= 1)).all())
    if not dataset.is_multi_label:
        is_probability = is_probability and np.allclose(scores.sum(axis=1), 1, atol=1e-3)

    def read(found: Tensors) -> list[Prediction]:
        values = found[name].astype(np.float64)
        if not is_probability:
            values = expit(values) if dataset.is_multi_label else softmax(values, axis=1)
        return to_predictions(dataset.task, dataset.labels, {"probabilities": values})

    return read


def _detections(labels: Sequence[str], first: int) -> Read:
    # A class that no label stands for is a label of its own: it matches nothing.
    padded = [*labels, *(f"class {len(labels) + place + first}" for place in range(1000))]
    return lambda found: to_predictions(
        Task.OBJECT_DETECTION, padded, {**found, CLASSES: np.maximum(found[CLASSES] - first, 0)}
    )


def _only_scores(outputs: Sequence[TensorSpec], size: int) -> str:
    """The one output of floats that has as many values for an item; of several, the one with a usual name."""
    fitting = [
        each.name
        for each in outputs
        if each.dtype.startswith("float")
        and each.shape is not None
        and (each.shape[1:] == (size,) or (size == 1 and len(each.shape) == 1))
    ]
    usual = [name for name in ("probabilities", "value", "logits") if name in fitting]
    if len(fitting) != 1 and not usual:
        raise InputError(f"{len(fitting)} outputs of the model have {size} numbers for an item, and one is asked for")
    return (usual or fitting)[0]
