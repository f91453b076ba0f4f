"""Why a model could not be converted: one sentence that names the op to blame, and what to do."""

import re
from pathlib import Path

from ...errors import FinalError
from ...models.inspection.saved_model import read_saved_model

# "Tensorflow op [map/while/DecodeJpeg: DecodeJpeg] is not supported"
_UNSUPPORTED = re.compile(r"Tensorflow op \[(?P<node>.+): (?P<op>\w+)\] is not supported")
# "Failed to convert node 'model/resize' (fct=...)", and then the node's summary: "'OP=ResizeBilinear\nName=..."
_FAILED = re.compile(r"Failed to convert node '(?P<node>.+)' \(fct=.*\n.*?OP=(?P<op>\w+)")
_LAST_WORD = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception): (?:make_sure failure: )?(?P<message>.+)", re.MULTILINE)
_TOO_LARGE = ("2GB", "string too long", "larger than 2")

WRITE_OTHERWISE = "write this step with other ops of TensorFlow, or leave it out of the exported signature"
_ADVICE = {
    r"Decode|Parse|ReadFile|Jpeg": "choose a signature that takes numbers{signatures}",
    r"Random|Multinomial": "export the model as it is for inference, without layers that draw random numbers",
    r"String|Regex|Unicode|Token": "do this step on the text before the model is called, and export the rest",
    r"": WRITE_OTHERWISE,
}


class ConversionError(FinalError):
    """There is no valid ONNX file; the message says which op is to blame, and what to do."""


def refusal(said: str, saved_model: Path, is_written: bool) -> str:
    """The sentence for what tf2onnx said.

    Args:
        said: its log.
        saved_model: folder of what it converted.
        is_written: whether it wrote a file; what it could not optimise is in the log too, and does no harm.

    Returns:
        The sentence; empty where it complained of nothing.
    """
    unsupported = _UNSUPPORTED.findall(said)
    if unsupported:
        node, op = unsupported[0]
        others = sorted({each for _, each in unsupported} - {op})
        also = f", nor of {', '.join(others)}" if others else ""
        return f"{saved_model}: there is no ONNX form of {op} (node {node}){also}: {_advice(op, saved_model)}"
    if is_written:
        return ""
    if any(words in said for words in _TOO_LARGE):
        return f"{saved_model} is larger than 2 GB, the most that an ONNX file holds: convert a smaller model"
    messages = _LAST_WORD.findall(said) or said.splitlines() or ["it did not say why"]
    if failed := _FAILED.search(said):
        because, advice = messages[-1], _advice(failed["op"], saved_model)
        return f"{saved_model}: {failed['op']} (node {failed['node']}) has no ONNX form here, {because}: {advice}"
    return f"{saved_model}: tf2onnx broke off: {messages[-1]}"


def _advice(op: str, saved_model: Path) -> str:
    advice = next(advice for pattern, advice in _ADVICE.items() if re.search(pattern, op))
    return advice.format(signatures=_signatures_of_numbers(saved_model)) if "{" in advice else advice


def _signatures_of_numbers(saved_model: Path) -> str:
    signatures = read_saved_model(saved_model).signatures
    names = [each.name for each in signatures if all(tensor.dtype != "string" for tensor in each.inputs)]
    return f": --signature {' or '.join(names)}" if names else "; this model has none, export one"
