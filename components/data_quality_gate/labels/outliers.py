"""Outliers: rows of a table whose numbers are unlike those of all other rows.

By the mean distance to the nearest neighbours (Ramaswamy, Rastogi, Shim 2000,
https://doi.org/10.1145/342009.335437), as cleanlab's OutOfDistribution has it. That one is not used because it measures
angles from four columns on, to which a value a thousand times too large is the same, and leaves open what is too far.
Of images nothing is said: the baseline keeps no features of them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from ...data.dataset import Dataset
from ...data.items import SPLITS, ColumnType
from ..columns import sources
from ..findings import Case, NotJudged, Outcome, counted
from ..leakage.sample import TASKS, NotFittedError, Sample, draw_sample

_RULE = "outlier"
_MOST_ROWS = 20_000
_NEIGHBOURS = 10
# Far out is beyond Tukey's fence, on the logarithm of the distance, and so many times as far as the neighbours are from
# theirs (Breunig, Kriegel, Ng, Sander 2000, https://doi.org/10.1145/335191.335388), so that heavy tails stay within: of
# 17 clean tables, lognormal and Pareto among them, one has a find. Of fewer columns, ordinary tails would be found.
_FENCE = 3.0
_LEAST_RANGE = 0.2
_TIMES_AS_FAR = 2.5
_FEWEST_COLUMNS = 3
_SHOWN_COLUMNS = 3


def outliers(data: Dataset, seed: int) -> Iterator[Outcome]:
    """Yields the finding of `outlier`, or why it could not be judged, of a sample of the rows of a table.

    Nothing where the task is not in `leakage.sample.TASKS`.
    """
    if data.task not in TASKS:
        return
    try:
        sample = draw_sample(data, seed)
    except NotFittedError as error:
        yield NotJudged(_RULE, str(error))
        return
    types = {column.name: column.type for column in data.columns}
    is_number = np.array([types[name] is ColumnType.NUMBER for name in sample.columns.tolist()], np.bool_)
    count = sum(len(rows.ids) for rows in sample.splits.values())
    if is_number.sum() < _FEWEST_COLUMNS or count <= _NEIGHBOURS:
        yield NotJudged(_RULE, f"It takes {_FEWEST_COLUMNS} columns of numbers and {_NEIGHBOURS + 1} labelled rows.")
        return
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:_MOST_ROWS])
    values = np.concatenate([sample.splits[split].inputs[:, is_number] for split in SPLITS]).astype(np.float64)[chosen]
    even = _even_scales(values)
    found = _far_out(even)
    rows = sum(data.counts.values())
    among = f"{len(chosen):,} of {rows:,} rows" if len(chosen) < rows else f"{rows:,} rows"
    cases = list(_cases(data, sample, chosen[found], values[found], even[found], sample.columns[is_number]))
    yield from counted(_RULE, cases, f"{among}, by their numbers")


def _even_scales(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values [N, F] as deviations from the median of their column, large ones on a scale of logarithms; missing: 0."""
    off = values - np.nan_to_num(np.nanmedian(values, axis=0))
    spread = np.nanmedian(np.abs(off), axis=0)
    # More than half of a column the same: its standard deviation has to do.
    spread = np.where(spread > 0, 1.4826 * spread, np.nanstd(off, axis=0))
    return np.nan_to_num(np.arcsinh(off / np.where(spread > 0, spread, 1.0)))


def _far_out(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the points [N, F] that are far from all others, the farthest first."""
    to_neighbours, neighbours = NearestNeighbors(n_neighbors=_NEIGHBOURS).fit(points).kneighbors()
    distances = to_neighbours.mean(axis=1)
    if not distances.any():
        return np.empty(0, np.int64)
    # Copies are at no distance: without a floor they would set the scale.
    distances = np.maximum(distances, np.quantile(distances[distances > 0], 0.05))
    logarithm = np.log(distances)
    low, high = np.quantile(logarithm, [0.25, 0.75])
    is_beyond = logarithm > high + _FENCE * max(high - low, _LEAST_RANGE)
    found = np.flatnonzero(is_beyond & (distances > _TIMES_AS_FAR * distances[neighbours].mean(axis=1)))
    return found[np.argsort(-distances[found], kind="stable")]


def _cases(
    data: Dataset,
    sample: Sample,
    places: NDArray[np.int64],
    values: NDArray[np.float64],
    even: NDArray[np.float64],
    columns: NDArray[np.str_],
) -> Iterator[Case]:
    rows = [(identity, split) for split in SPLITS for identity in sample.splits[split].ids]
    source = sources(data, (rows[place][0] for place in places.tolist()))
    for place, row, off in zip(places.tolist(), values, even, strict=True):
        identity, split = rows[place]
        oddest = np.argsort(-np.abs(off), kind="stable")[:_SHOWN_COLUMNS]
        shown = ", ".join(f"{columns[each]} {row[each]:,.6g}" for each in oddest.tolist())
        yield Case(identity, source[identity], split, f"unlike all others, above all in {shown}")
