"""The parity certificate: all that was found out about a conversion, as parity.json holds it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.storage import write_atomically
from ..models.predictions import Prediction
from .forms.form_proof import FormProof
from .proof.task import Parity
from .smaller.record import Attempt

if TYPE_CHECKING:  # TensorFlow takes seconds to load
    from .proof.prove import TensorProof

NAME = "parity.json"
FORMAT = 2


@dataclass
class Certificate:
    """What was found out so far.

    Attributes:
        source: name, signature, size and digests of what was converted.
        data: what it was proven on: the digests of the data set's splits, or nothing.
        file: opset, size and digest of the ONNX file, in float32 where the model is.
        smaller_file: the same of the one that was accepted in its place; None without one.
        smaller_metrics: its metrics on the test split, by name.
        tensors: the comparison with the live SavedModel; None for a source that is ONNX already.
        task: the comparison of predictions and metric on the whole test split; None without one.
        seconds: latency of one call by `tensorflow` and `onnx`, batch 1.
        attempt: what became of a smaller file.
        forms: what became of other forms.
        weaknesses: sentences on what is not shown.
        predicted: the file's predictions of the test split by item id; for the page, not for parity.json.
    """

    source: Mapping[str, Any]
    data: Mapping[str, Any]
    file: Mapping[str, Any]
    smaller_file: Mapping[str, Any] | None = None
    smaller_metrics: Mapping[str, float] = field(default_factory=dict)
    tensors: "TensorProof | None" = None
    task: Parity | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    attempt: Attempt | None = None
    forms: list[FormProof] = field(default_factory=list)
    weaknesses: list[str] = field(default_factory=list)
    predicted: Mapping[str, Prediction] = field(default_factory=dict)

    @property
    def proven(self) -> bool:
        """Whether every comparison that could be made agrees, and there was one."""
        made = [each for each in (self.tensors, self.task) if each]
        return bool(made) and all(each.proven for each in made)

    @property
    def reason(self) -> str:
        """Why it is not proven, in a sentence or two; "" where it is."""
        return "; ".join(each.reason for each in (self.tensors, self.task) if each and not each.proven)

    def as_json(self) -> dict[str, Any]:
        """First the figures that people ask for, then all of them."""
        figures = {
            "format": FORMAT,
            "proven": self.proven,
            "reason": self.reason,
            "max_abs_difference": self._largest_difference(),
            "items": compared.items if (compared := self.task or self.tensors) else 0,
            "bytes": (self.smaller_file or self.file)["bytes"],
            "precision": self.attempt.precision if self.attempt and self.attempt.accepted else "fp32",
        }
        if self.task:
            figures |= {"metric": self.task.metric, "metric_source": self.task.metric_source}
            figures |= {"metric_onnx": self.smaller_metrics.get(self.task.metric, self.task.metric_onnx)}
        if self.seconds:
            # Of the float32 file; of a smaller one there is processor time, side by side with that.
            figures |= {f"{name}_ms": round(1000 * seconds, 3) for name, seconds in self.seconds.items()}
        everything = figures | {
            "weaknesses": self.weaknesses + (self.tensors.weaknesses if self.tensors else []),
            "source": dict(self.source),
            "data": dict(self.data),
            "onnx": dict(self.smaller_file or self.file),
            "onnx_fp32": dict(self.file),
            "tensors": self.tensors.as_json() if self.tensors else None,
            "task": self.task.as_json() if self.task else None,
            "smaller": self.attempt.as_json() | {"metrics": dict(self.smaller_metrics)} if self.attempt else None,
            "forms": [each.as_json() for each in self.forms],
        }
        return {name: _finite(value) for name, value in everything.items()}

    def write(self, folder: Path) -> None:
        """Writes parity.json, whole or not at all."""
        with write_atomically(folder / NAME) as aside:
            aside.write_text(
                json.dumps(self.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
            )

    def _largest_difference(self) -> float:
        """Of predictions where there are, and otherwise of outputs."""
        if self.task:
            return self.task.max_abs_difference
        if not self.tensors:
            return 0.0
        found = [each.max_abs_difference for each in self.tensors.outputs if not each.inner]
        if boxes := self.tensors.detections:
            found += [boxes.max_score_difference, boxes.max_box_difference]
        return max(found, default=0.0)


def _finite(value: Any) -> Any:
    """JSON has no infinite numbers, by which a comparison says that nothing fits: they are null."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
