"""Time series as model inputs: the same in training, in the proof, in prediction and in the gate's naive forecast.

A row is forecast from what is known at its forecast origin. For that each split of a series is cut into blocks of
`horizon` periods, and the origin of a row is the last period before its block: where a split is one horizon long, the
end of what precedes it. So training rows too can be forecast, by a model that has learned from them.

Inputs of N rows, float32:

    past           [N, context]  the values up to the origin, the oldest first; NaN where missing
    step           [N, 1]        how many periods after the origin the row is: 1 to horizon
    CYCLE_sin/cos  [N, 1]        where the row's time stands in the day, week or year (UTC), in -1..1
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..data.dataset import Dataset
from ..data.items import SPLITS
from ..data.periods import Period
from ..errors import InputError
from .folder import SeriesInput

_DAYS_PER_CYCLE = {"day": 1.0, "week": 7.0, "year": 365.2425}
_MICROSECONDS_PER_DAY = 24 * 60 * 60 * 1_000_000


class SeriesRows:
    """The rows of all splits of a data set of time series, in memory, ordered by series and time.

    Attributes:
        ids: of R rows.
        splits: of the rows, as text.
        series: code of each row's series.
        names: of the rows' series; "" for a single series.
        times: datetime64, in UTC.
        truth: float64, the label column; NaN where missing.
        place: periods since the first row of the series.
    """

    def __init__(self, dataset: Dataset) -> None:
        """Reads the data set."""
        columns = ["__id__", dataset.time_column, dataset.label_column]
        columns += [dataset.series_column] if dataset.series_column else []
        parts = [dataset.table(split, columns) for split in SPLITS]
        rows = pa.concat_tables(parts)
        names = rows[dataset.series_column].to_numpy() if dataset.series_column else np.full(len(rows), "")
        times = rows[dataset.time_column].cast(pa.timestamp("us")).to_numpy()
        codes = np.unique(names.astype(str), return_inverse=True)[1]
        order = np.lexsort((times, codes))
        self.ids, self.names = rows["__id__"].to_numpy()[order], names[order]
        self.times, self.series = times[order], codes[order]
        self.splits = np.repeat(SPLITS, [len(part) for part in parts])[order]
        self.truth = rows[dataset.label_column].to_numpy()[order]
        self._grids: dict[int, tuple[NDArray[np.float64], NDArray[np.int64]]] = {}
        self.place = Period.parse(dataset.period).places(self.times, self.times[_first_of(self.series)])

    @property
    def training_mean(self) -> float:
        """Of the true values of all training rows."""
        return float(np.nanmean(self.truth[self.splits == "train"]))

    def of_split(self, split: str, horizon: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows of a split (places in this object) and the step of each after its forecast origin, both [N]."""
        rows = np.flatnonzero(self.splits == split)
        start = self.place[rows][_first_of(self.series[rows])]
        return rows, (self.place[rows] - start) % horizon + 1

    def grid(self, pad: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The true values of all series one after the other, one per period and NaN where there is none.

        Args:
            pad: so many NaN stand before each series.

        Returns:
            The values, not to be changed, and of each row its place among them.
        """
        if pad not in self._grids:
            self._grids[pad] = self._grid(pad)
        return self._grids[pad]

    def _grid(self, pad: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        is_last = np.append(np.diff(self.series) != 0, True)
        lengths = self.place[is_last] + 1 + pad
        at = (np.cumsum(lengths) - lengths)[self.series] + pad + self.place
        values = np.full(lengths.sum(), np.nan)
        values[at] = self.truth
        return values, at

    def inputs(
        self, rows: NDArray[np.int64], steps: NDArray[np.int64], described: SeriesInput
    ) -> dict[str, NDArray[np.float32]]:
        """What a model is called with.

        Args:
            rows: places of N rows, in this object.
            steps: of the rows, int64 [N].
            described: the inputs of the model.

        Returns:
            The inputs by name, as the module's docstring says.
        """
        values, at = self.grid(described["context"])
        windows = sliding_window_view(values, described["context"])
        past = windows[at[rows] - steps - described["context"] + 1]
        numbers = {"step": steps, **_calendar(self.times[rows], described["columns"])}
        return {
            "past": past.astype(np.float32),
            **{name: column[:, None].astype(np.float32) for name, column in numbers.items()},
        }


def calendar_columns(period: Period) -> list[str]:
    """Names of the inputs that tell where a time stands in each cycle that has several such periods."""
    cycles = [cycle for cycle, days in _DAYS_PER_CYCLE.items() if days >= 2 * period.days]
    return [f"{cycle}_{wave}" for cycle in cycles for wave in ("sin", "cos")]


def series_batches(
    dataset: Dataset, splits: Sequence[str], described: SeriesInput, rows: int
) -> Iterator[pa.RecordBatch]:
    """Yields the inputs of the rows of some splits, at most `rows` at a time.

    Args:
        dataset: of time series.
        splits: one after the other.
        described: the inputs of the model.
        rows: the most in a batch.

    Yields:
        The model's inputs by name (`past` as lists), the columns of the time and the series, and `__id__`.

    Raises:
        InputError: the data set is not one that the model can forecast.
    """
    check_forecastable(dataset, described)
    known = SeriesRows(dataset)
    for split in splits:
        places, steps = known.of_split(split, described["horizon"])
        for start in range(0, len(places), rows):
            some = places[start : start + rows]
            inputs = known.inputs(some, steps[start : start + rows], described)
            named = {dataset.time_column: known.times[some], dataset.series_column: known.names[some]}
            columns = {name: pa.array(values) for name, values in named.items() if name}
            columns |= {name: _column(values) for name, values in inputs.items()}
            yield pa.record_batch(columns | {"__id__": pa.array(known.ids[some])})


def series_inputs(described: SeriesInput) -> list[str]:
    """Names of a model's inputs."""
    return ["past", "step", *described["columns"]]


def series_tensors(rows: pa.RecordBatch, described: SeriesInput) -> dict[str, NDArray[np.float32]]:
    """The inputs of a batch of `series_batches` as a model takes them."""
    widths = dict.fromkeys(series_inputs(described), 1) | {"past": described["context"]}
    columns = {name: rows.column(name) for name in widths}
    flat = {name: column.flatten() if name == "past" else column for name, column in columns.items()}
    return {
        name: values.to_numpy(zero_copy_only=False).reshape(-1, widths[name]).astype(np.float32)
        for name, values in flat.items()
    }


def check_forecastable(dataset: Dataset, described: SeriesInput) -> None:
    """Refuses data that a model was not made for.

    Raises:
        InputError: the data are no series, or have rows at another distance.
    """
    if not dataset.time_column:
        raise InputError(f"{dataset.path} is no data set of time series: import the data for tabular_forecasting.")
    if dataset.period != described["period"]:
        raise InputError(
            f"{dataset.path} has a row every {dataset.period}, and the model takes one every {described['period']}: "
            "bring the rows to the period that the model was trained on."
        )


def _column(values: NDArray[np.float32]) -> pa.Array:
    if values.shape[1] == 1:
        return pa.array(values[:, 0])
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _first_of(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each element, the place of the first one of its run of equal ones."""
    is_first = np.append(True, np.diff(codes) != 0)
    return np.flatnonzero(is_first)[np.cumsum(is_first) - 1]


def _calendar(times: NDArray[np.datetime64], columns: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    days = times.astype("datetime64[us]").astype(np.int64) / _MICROSECONDS_PER_DAY
    found = {}
    for column in columns:
        cycle, _, wave = column.partition("_")
        angle = 2 * np.pi * days / _DAYS_PER_CYCLE[cycle]
        found[column] = np.sin(angle) if wave == "sin" else np.cos(angle)
    return found
