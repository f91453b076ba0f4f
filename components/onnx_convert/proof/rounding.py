"""Items whose answer hangs on the last bit of the weights: no two runtimes agree on them, however right they are.

Deep networks with wild weights, or inputs unlike all that they were trained on, may be so steep that the rounding of
sums grows to visible differences. How steep a graph is at an item, it says itself: it is run again with its weights
changed by a unit in the last place, as if they had been rounded otherwise. On EfficientNetB0 with random weights,
TensorFlow and onnxruntime differed by 0.3 to 5.4 times what that makes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..tensors import Tensors
from .agreement import Agreement
from .comparison import Comparison, count

# A difference within so many times of what one bit makes is rounding.
_MOST = 20
# Share of the items that may depart: where there are more, the rest is too little to prove by.
_MOST_ITEMS = 0.5


def excuse_rounding(comparison: Comparison) -> str:
    """Takes items back that depart by no more than rounding explains.

    Returns:
        A sentence on how many there were; "" for none.
    """
    departing = [each for each in comparison.compared if not each.proof().agrees]
    if not departing:
        return ""
    wrong = {each.name: each.departing() for each in departing}
    if _any(wrong).mean() > _MOST_ITEMS:
        return ""
    bounds = rounding(comparison, list(wrong), comparison.batches)
    excused = {each.name: _excused(each, [bound[each.name] for bound in bounds]) for each in departing}
    items = _any(excused)
    if not items.any():
        return ""
    for each in departing:
        each.worst = [np.where(some, 0.0, off) for some, off in zip(excused[each.name], each.worst, strict=True)]
    return (
        f"for {items.sum()} of {items.size} items the last bit of the weights moves the answer beyond the tolerance; "
        f"what differs there is within {_MOST} times of that"
    )


def rounding(
    comparison: Comparison, names: Sequence[str], batches: Sequence[Tensors]
) -> list[dict[str, NDArray[np.float64]]]:
    """How far off each item of each batch may be by rounding, [N], by name."""
    with comparison.graph.giving(names) as right, comparison.graph.giving(names, jittered=True) as jittered:
        return [_bounds(right(inputs), jittered(inputs), count(inputs)) for inputs in batches]


def _bounds(right: Tensors, jittered: Tensors, items: int) -> dict[str, NDArray[np.float64]]:
    bounds = {}
    for name, value in right.items():
        moved = Agreement(name)
        moved.add(value, jittered[name], items)
        bounds[name] = _MOST * moved.worst[0]
    return bounds


def _excused(agreement: Agreement, bounds: Sequence[NDArray[np.float64]]) -> list[NDArray[np.bool_]]:
    """Of each batch, which items depart within the bounds, [N]."""
    batches = zip(agreement.departing(), agreement.worst, bounds, strict=True)
    return [departs & (off <= bound) & np.isfinite(off) for departs, off, bound in batches]


def _any(batches: Mapping[str, list[NDArray[np.bool_]]]) -> NDArray[np.bool_]:
    """Of all items of all batches, whether it is so by any name."""
    return np.any([np.concatenate(each) for each in batches.values()], axis=0)
