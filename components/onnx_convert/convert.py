"""Turns a trained model into ONNX and proves that the file computes the same."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from ..data.dataset import Dataset
from ..errors import FinalError, InputError
from ..models.onnx_runner import OnnxRunner
from .certificate import Certificate
from .choices import BUDGET, OPSET, Form, Precision
from .forms.form_proof import FormProof
from .output_folder import accept, check_output, clear, unproven
from .page.write import write_conversion_page
from .proof.task import predict_test_split
from .proof.task_metrics import metrics_of
from .source import Source
from .translate import translate
from .verify import file_facts, verify

# Forms that compute what the model computes; the others are smaller and may lose a little.
_EXACT = ("tflite", "backbone", "safetensors")


class NotProvenError(FinalError):
    """The ONNX file does not compute what its source computed."""


def convert(
    saved_model: str | Path,
    output: str | Path,
    dataset: str | Path = "",
    certificate: str | Path = "",
    page: str | Path = "",
    signature: str = "serving_default",
    opset: int = OPSET,
    precision: str = "fp32",
    budget: float = BUDGET,
    forms: str = "",
) -> dict[str, Any]:
    """Converts a model to ONNX, and proves the file before it becomes the output folder's model.onnx.

    Args:
        saved_model: model folder, or the folder of a SavedModel.
        output: model folder to write; what is not proven is kept apart there as unproven/model.onnx.
        dataset: folder of the dataset artifact that the model was trained on: its test split proves, its training
            split calibrates. Without it inputs are made up from the signature, and the proof is weaker.
        certificate: folder for parity.json; the output folder where not given.
        page: HTML page to write; page.html in the output folder where not given.
        signature: of a SavedModel with several.
        opset: version of the ONNX operators, 17 or 18.
        precision: fp16 (weights) or int8 are tried where asked for, and kept if they are worth it.
        budget: how much of the metric a smaller file may lose, as a share: 0.01 is one point.
        forms: other forms to write, separated by commas: tflite, tflite_int8, edge_tpu, backbone, safetensors.

    Returns:
        The certificate, as parity.json holds it.

    Raises:
        InputError: what is asked for does not exist, or does not go together.
        ConversionError: tf2onnx gave no valid file.
        NotProvenError: the file departs from its source, or a form does.
    """
    asked, data, source = _forms(forms), Dataset.open(dataset) if dataset else None, Source.open(Path(saved_model))
    out = Path(output)
    _check(source, data, out, precision, budget)
    with unproven(out) as trial:
        translation = translate(source, trial / "model.onnx", signature, opset)
        proof = verify(source, translation, data, signature)
        if proof.proven:
            _make_smaller(proof, source, trial, data, precision, budget)
            proof.forms = _make_forms(asked, source, trial, data, budget, signature)
        clear(out)
        proof.write(Path(certificate or out))
        write_conversion_page(Path(page) if page else out / "page.html", proof, source, data)
        if proof.proven:
            accept(proof, source, trial, out)
    _raise_unless_proven(proof, trial)
    return proof.as_json()


def _check(source: Source, data: Dataset | None, output: Path, precision: str, budget: float) -> None:
    """Refuses what cannot work before the costly part, and before anything of an earlier conversion is taken away."""
    source.check(data)
    check_output(source.path.resolve(), output.resolve())
    if precision not in get_args(Precision):
        raise InputError(f"there is no precision {precision!r}: choose of {', '.join(get_args(Precision))}")
    if not 0 <= budget <= 1:
        raise InputError(f"a budget of {budget:g} is no share of a metric: give one between 0 and 1, 0.01 for a point")
    if precision != "fp32" and not (source.folder and data):
        raise InputError(f"{precision} is accepted by a metric: that takes a model folder and its data set (--dataset)")


def _forms(text: str) -> list[Form]:
    """The forms of a list with commas, each once."""
    known: Sequence[Form] = get_args(Form)
    asked = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    for each in asked:
        if each not in known:
            raise InputError(f"there is no form {each!r}: choose of {', '.join(known)}")
    return [each for each in known if each in asked]


def _make_smaller(
    proof: Certificate, source: Source, trial: Path, data: Dataset | None, precision: str, budget: float
) -> None:
    """Puts a smaller file in the place of the proven one, where it is accepted."""
    if precision not in ("fp16", "int8"):
        return
    from .smaller.attempt import attempt

    assert source.folder
    assert data
    smaller = trial / f"{precision}.onnx"
    proof.attempt = attempt(precision, replace(source.folder, path=trial), data, smaller, budget)
    print(proof.attempt.reason, flush=True)
    if proof.attempt.accepted:
        smaller.replace(trial / "model.onnx")
        proof.smaller_file = file_facts(trial / "model.onnx")
        proof.predicted = dict(predict_test_split(OnnxRunner(replace(source.folder, path=trial)), data))
        proof.smaller_metrics = metrics_of(data, "test", proof.predicted)


def _make_forms(
    forms: list[Form], source: Source, trial: Path, data: Dataset | None, budget: float, signature: str
) -> list[FormProof]:
    if not forms:
        return []
    from .forms.make import make  # the converters take seconds to load

    return make(forms, source, trial, data, budget, signature)


def _raise_unless_proven(proof: Certificate, trial: Path) -> None:
    """Says what is not proven: the model, or which of the forms that should compute the same."""
    if not proof.proven:
        raise NotProvenError(f"not proven: {proof.reason}; the file is kept as {trial / 'model.onnx'}")
    refused = [f"{each.form}: {each.reason}" for each in proof.forms if each.form in _EXACT and not each.accepted]
    if refused:
        raise NotProvenError(f"model.onnx is proven, but not every form that was asked for: {'; '.join(refused)}")
