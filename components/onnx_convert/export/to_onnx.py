"""From a SavedModel to an ONNX file, by tf2onnx."""

import subprocess
import sys
from pathlib import Path

from ...errors import InputError
from ..choices import OPSET, OPSETS
from ..saved_model import SERVING, SavedModel
from .contract import check, check_expressible, restore_shapes
from .refusals import ConversionError, refusal


def convert_saved_model(saved_model: Path, file: Path, signature: str = SERVING, opset: int = OPSET) -> Path:
    """Converts one signature of a SavedModel, and checks that the file is valid and called in the same way.

    Whether it computes the same is for `proof` to say. tf2onnx's command is used, since its Python interface has no
    entry for a SavedModel. Its exit code counts for nothing, since it ends with 0 for invalid graphs: what it said is
    read, and the file is checked. Models of more than 2 GB are refused.

    Args:
        saved_model: folder of the SavedModel.
        file: ONNX file to write; nothing is left where this fails.
        signature: name of the signature whose names, dtypes, free and fixed sizes the file keeps.
        opset: one of `OPSETS`.

    Returns:
        File of the frozen TensorFlow graph (`GraphDef`) that was translated, beside the ONNX file.

    Raises:
        InputError: there is no such SavedModel, signature or opset.
        ConversionError: there is no valid ONNX file of it.
    """
    if opset not in OPSETS:
        raise InputError(f"opset {opset} is not supported: choose {' or '.join(map(str, OPSETS))}")
    wanted = SavedModel(saved_model, signature).signature
    check_expressible(wanted)
    frozen = file.with_suffix(".pb")
    file.unlink(missing_ok=True)
    try:
        _run_tf2onnx(saved_model, file, frozen, signature, opset)
        restore_shapes(file, wanted)
        check(file, wanted)
    except BaseException:
        file.unlink(missing_ok=True)
        frozen.unlink(missing_ok=True)
        raise
    return frozen


def _run_tf2onnx(saved_model: Path, file: Path, frozen: Path, signature: str, opset: int) -> None:
    command = [sys.executable, "-m", f"{__package__}.tf2onnx_process", "--saved-model", str(saved_model)]
    command += ["--output", str(file), "--opset", str(opset), "--tag", "serve", "--signature_def", signature]
    command += ["--output_frozen_graph", str(frozen)]
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False
    )
    sentence = refusal(run.stdout, saved_model, file.is_file())
    if sentence:
        raise ConversionError(sentence)
