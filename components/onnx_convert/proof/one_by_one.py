"""Whether an ONNX file answers items together as it answers them one by one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tensors import Run, Tensors
from .agreement import Agreement
from .comparison import Comparison, count
from .detections import compare_detections, is_detector
from .rounding import rounding


def depends_on_batch(comparison: Comparison) -> tuple[str, str]:
    """Answers one batch of several items again, item by item.

    Returns:
        Why the file is not proven, and a weakness of the proof: one sentence each, or "".
    """
    several = zip(comparison.batches, comparison.ranges, strict=True)
    inputs, given = next((each for each in several if count(each[0]) > 2), (None, ""))
    if not comparison.takes_any_number:
        return "", ""
    if inputs is None:
        return "", "no batch of several items was compared"
    if _is_same(comparison, comparison.target, inputs, given):
        return "", ""
    if not _is_same(comparison, comparison.source, inputs, given):
        return "", "the model answers an item differently in other company: only the same batches were compared"
    return "the file answers items together otherwise than one by one, and its source does not", ""


def _is_same(comparison: Comparison, run: Run, inputs: Tensors, given: str) -> bool:
    together = run(inputs)
    try:
        answers = [run(comparison.single(inputs, item)) for item in range(count(inputs))]
    except Exception:  # of either runtime
        return False
    apart = {name: _joined([each[name] for each in answers], value) for name, value in together.items()}
    if is_detector(together):
        return all(each.agrees for each in compare_detections(together, apart, comparison.graph.iou_threshold()))
    return all(
        value.shape == apart[name].shape
        and _agrees(comparison, inputs, name, _off(value, apart[name], count(inputs)), given)
        for name, value in together.items()
    )


def _off(together: NDArray[Any], apart: NDArray[Any], items: int) -> NDArray[np.float64]:
    """How far off each item is, [N]."""
    agreement = Agreement("")
    agreement.add(together, apart, items)
    return agreement.worst[0]


def _agrees(comparison: Comparison, inputs: Tensors, name: str, off: NDArray[np.float64], given: str) -> bool:
    tolerance = comparison.outputs[name].tolerance(given)
    if (off <= tolerance).all():
        return True
    return bool((off <= np.maximum(tolerance, rounding(comparison, [name], [inputs])[0][name])).all())


def _joined(parts: Sequence[NDArray[Any]], together: NDArray[Any]) -> NDArray[Any]:
    """What single items gave, as a batch; an output that is not of the items is the same for all of them."""
    is_batched = together.ndim > 0 and len(together) == len(parts)
    return np.concatenate(parts) if is_batched else parts[0]
