"""The proof of an ONNX file against the live SavedModel, tensor by tensor, and how long both take."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ..data.dataset import Dataset
from ..data.images import decode, read_image
from ..errors import InputError
from ..models.folder import ModelFolder
from ..models.outputs import to_predictions
from ..models.predictions import Prediction
from .certificate import Certificate
from .onnx_file import OnnxFile
from .proof import batches
from .proof.graph import OnnxGraph
from .proof.plain_model import compare_runs
from .proof.prove import prove
from .proof.task import compare
from .saved_model import SavedModel
from .smaller.timing import side_by_side
from .source import Source
from .tensors import Run, Signature, Tensors
from .translate import Translation

MADE_UP = "The inputs were made up from the signature; a proof on items that the model is for is stronger (--dataset)."


def compare_tensors(
    certificate: Certificate, source: Source, translation: Translation, data: Dataset | None, key: str
) -> None:
    """Puts the proof into the certificate, with latencies of what is proven and the metric of a model of the user's.

    Raises:
        InputError: the model has no such signature.
    """
    assert source.saved_model
    assert translation.frozen
    model = SavedModel(source.saved_model, key)
    run = _by_names_of_the_file(model, translation.names)
    signature = _with_names_of_the_file(model.signature, translation.names)
    words = OnnxGraph(translation.file).words()
    inputs = iter(_inputs(certificate, source.folder, signature, words, data))
    first = next(inputs)
    certificate.tensors = prove(run, translation.file, chain([first], inputs), translation.frozen, translation.names)
    if certificate.tensors.proven:
        certificate.seconds = _latency(run, translation.file, first)
        if data and not source.recorded:
            _compare_metric(certificate, source.folder, data, run, translation.file, signature)


def _inputs(
    certificate: Certificate,
    folder: ModelFolder | None,
    signature: Signature,
    words: Sequence[str],
    data: Dataset | None,
) -> Iterable[Tensors]:
    """Real ones where the data set has them; otherwise they are made up, which the certificate then says."""
    if data and folder and folder.input["kind"] != "image":
        return batches.of_rows(data, folder.input)
    if data and data.task.is_image and _takes_pictures(signature):
        return batches.of_images(data, signature)
    certificate.weaknesses.append(MADE_UP)
    return batches.made_up(signature, words)


def _takes_pictures(signature: Signature) -> bool:
    try:
        return bool(batches.picture_input(signature))
    except InputError:
        return False


def _compare_metric(
    certificate: Certificate, folder: ModelFolder | None, data: Dataset, source: Run, file: Path, signature: Signature
) -> None:
    """By predictions of the whole test split, as far as the model's tensors can be read as such."""
    onnx, overlap = OnnxFile(file), OnnxGraph(file).iou_threshold()
    if folder:
        before, after = (dict(_predictions(run, folder, data)) for run in (source, onnx))
        certificate.task = compare(data, folder.task, before, after, overlap)
        return
    try:
        certificate.task, how = compare_runs(data, source, onnx, signature, overlap)
    except InputError as error:
        how = f"the metric was not computed: {error}"
    certificate.weaknesses.append(f"Nobody says what the tensors of this model mean; {how}.")


def _predictions(run: Run, folder: ModelFolder, data: Dataset) -> Iterator[tuple[str, Prediction]]:
    """Of a SavedModel of images that says what it is (others are no model folder without being recorded)."""
    assert folder.input["kind"] == "image"
    for item in data.items("test"):
        outputs = run({folder.input["name"]: decode(read_image(item))[None]})
        yield item.id, to_predictions(folder.task, folder.labels, outputs)[0]


def _by_names_of_the_file(model: Run, names: Mapping[str, str]) -> Run:
    return lambda tensors: model({names.get(name, name): value for name, value in tensors.items()})


def _with_names_of_the_file(signature: Signature, names: Mapping[str, str]) -> Signature:
    of_the_file = {name: new for new, name in names.items()}
    inputs = tuple(replace(each, name=of_the_file.get(each.name, each.name)) for each in signature.inputs)
    return replace(signature, inputs=inputs)


def _latency(source: Run, file: Path, inputs: Tensors) -> dict[str, float]:
    """Of one item: TensorFlow on its own threads, ONNX on one, as batch prediction runs it."""
    graph = OnnxFile(file, threads=1)
    is_batched = all(spec.shape and spec.shape[0] is None for spec in graph.signature.inputs)
    one = {name: value[:1] for name, value in inputs.items()} if is_batched else inputs
    return side_by_side({"tensorflow": lambda: source(one), "onnx_fp32": lambda: graph(one)})
