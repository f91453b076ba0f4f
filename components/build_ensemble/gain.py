"""What an ensemble gains over its best member: the paired percentile bootstrap over the test items.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. Both are measured on the same resampled
items, so what makes an item hard for both cancels out.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from ..models.bootstrap import affordable_resamples, interval, samples
from ..models.measured import Measured


class Gain(TypedDict):
    """Ensemble minus best member in a metric, in its unit, with the ends of the 95 % interval.

    `best` is the place of that member: the one that is best in this metric on the validation split.
    """

    best: int
    value: float
    low: float
    high: float


def gains(ensemble: Measured, members: Sequence[Measured], best: Mapping[str, int], seed: int) -> dict[str, Gain]:
    """The gain in each metric that is defined on some resample.

    Args:
        ensemble: on the test split, as are the members.
        members: all of them.
        best: the place of the best member by metric.
        seed: of the resamples.
    """
    rivals = sorted(set(best.values()))
    cells = ensemble.cells + sum(members[place].cells for place in rivals)
    differences: dict[str, list[float]] = {name: [] for name in best}
    for places in samples(ensemble.count, affordable_resamples(cells), seed):
        counts = np.bincount(places, minlength=ensemble.count).astype(float)
        ours, theirs = ensemble.resampled(counts), {place: members[place].resampled(counts) for place in rivals}
        for name, place in best.items():
            differences[name].append(ours[name] - theirs[place][name])
    found: dict[str, Gain] = {}
    for name, place in best.items():
        if ends := interval(differences[name]):
            value = ensemble.metrics[name] - members[place].metrics[name]
            found[name] = {"best": place, "value": value, "low": ends[0], "high": ends[1]}
    return found
