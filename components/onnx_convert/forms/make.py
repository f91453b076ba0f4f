"""The other forms that a model can be written in, by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from ...data.dataset import Dataset
from ..choices import BUDGET, Form
from ..export.refusals import ConversionError
from ..saved_model import SERVING, SavedModel
from ..source import Source
from .backbone import make_backbone
from .edge_tpu import judge
from .files import INT8_FILE
from .form_proof import FormProof
from .job import Job
from .litert import make_float, make_int8
from .refused import RefusedError
from .torch_weights import make_safetensors


def make(
    forms: Sequence[Form],
    source: Source,
    output: Path,
    dataset: Dataset | None = None,
    budget: float = BUDGET,
    signature: str = SERVING,
) -> list[FormProof]:
    """Writes other forms of a model, and proves each of them.

    Args:
        forms: which.
        source: what they are made of.
        output: folder for the forms' files, accepted or not.
        dataset: that the model was trained on: its training images calibrate, its test items prove.
        budget: how much of the metric an int8 form may lose: 0.01 is one point.
        signature: of the SavedModel.

    Returns:
        A record of each; a form that this model cannot have is not accepted, with the reason in one sentence.

    Raises:
        InputError: there is no such signature.
    """
    if not source.saved_model:
        return [FormProof(form, False, "refused: the model is ONNX already, and not TensorFlow's.") for form in forms]
    output.mkdir(parents=True, exist_ok=True)
    job = Job(SavedModel(source.saved_model, signature), source.folder, output, dataset, budget)
    return [_made(form, make_it) for form, make_it in _makers(job).items() if form in forms]


def _makers(job: Job) -> dict[Form, Callable[[], FormProof]]:
    int8 = cache(lambda: _or_refusal("tflite_int8", lambda: make_int8(job)))  # for two forms
    return {
        "tflite": lambda: make_float(job),
        "tflite_int8": int8,
        "edge_tpu": lambda: judge(int8(), job.output / INT8_FILE) if int8().files else replace(int8(), form="edge_tpu"),
        "backbone": lambda: make_backbone(job),
        "safetensors": lambda: make_safetensors(job),
    }


def _made(form: str, make_it: Callable[[], FormProof]) -> FormProof:
    print(f"making {form} ...", flush=True)
    proof = _or_refusal(form, make_it)
    print(f"{form}: {proof.reason}", flush=True)
    return proof


def _or_refusal(form: str, make_it: Callable[[], FormProof]) -> FormProof:
    try:
        return make_it()
    except (RefusedError, ConversionError) as refused:
        return FormProof(form, False, f"refused: {str(refused).rstrip('.')}.")
